import { type ComponentChildren, createElement, type HTMLAttributes, type Ref } from "preact";

interface RefAttributes {
  readonly key?: string;
  readonly ref?: Ref<HTMLDivElement>;
  readonly [data: `data-${string}`]: number | string;
}

type Role = "grid" | "rowgroup" | "row" | "columnheader" | "rowheader" | "gridcell";

/**
 * An element of a grid, by its role. A grid is no table of HTML: rows out of view are no elements, and its cells have the focus one at a
 * time.
 */
export function gridElement(
  role: Role,
  props: HTMLAttributes<HTMLDivElement> & RefAttributes,
  children: ComponentChildren,
): ComponentChildren {
  return createElement("div", { role, ...props }, children);
}
