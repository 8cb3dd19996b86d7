import { type ComponentChildren, createElement, type HTMLAttributes, type Ref } from "preact";

interface RefAttributes {
  readonly key?: string;
  readonly ref?: Ref<HTMLDivElement>;
  readonly [data: `data-${string}`]: number | string;
}

type Role = "grid" | "rowgroup" | "row" | "columnheader" | "rowheader" | "gridcell";

/**
 * An element of a grid, by its role. A grid is not an HTML table: rows out of view have no elements, and one cell at a
 * time has the focus.
 */
export function gridElement(
  role: Role,
  props: HTMLAttributes<HTMLDivElement> & RefAttributes,
  children: ComponentChildren,
): ComponentChildren {
  return createElement("div", { role, ...props }, children);
}
