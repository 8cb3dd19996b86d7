import type { Problem } from "@maand/core";

/** A machine of an inventory, with what a worker can have of it. */
export interface InventoryHost {
  /** Its name in the inventory. */
  readonly name: string;
  /** The address that is connected to. */
  readonly host: string;
  readonly labels: readonly string[];
  /** Fields of `workers.json` other than `host` and `labels`. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Line in the file, from 1, where the format has lines. */
  readonly line?: number;
  /** Why it cannot be a worker. */
  readonly unusable?: string;
}

/** What a file describes. */
export interface Inventory {
  /** The format it was read as. */
  readonly format: InventoryFormat;
  readonly hosts: readonly InventoryHost[];
  readonly problems: readonly Problem[];
}

/** Formats of inventories: those of Ansible, the output of Terraform, and a list in the form of `workers.json`. */
export const FORMATS = ["ansible", "terraform", "workers"] as const;

export type InventoryFormat = (typeof FORMATS)[number];
