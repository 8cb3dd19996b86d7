import type { Problem } from "@maand/core";

/** A machine of an inventory, with the data that a worker can have. */
export interface InventoryHost {
  /** Its name in the inventory. */
  readonly name: string;
  /** The address to connect to. */
  readonly host: string;
  readonly labels: readonly string[];
  /** Fields of `workers.json` other than `host` and `labels`. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The line in the file, from 1, if the format has lines. */
  readonly line?: number;
  /** Why the machine cannot be a worker. */
  readonly unusable?: string;
}

/** The contents of an inventory file. */
export interface Inventory {
  /** The format that it was read in. */
  readonly format: InventoryFormat;
  readonly hosts: readonly InventoryHost[];
  readonly problems: readonly Problem[];
}

/** Formats of inventories: those of Ansible, the output of Terraform, and a list in the form of `workers.json`. */
export const FORMATS = ["ansible", "terraform", "workers"] as const;

export type InventoryFormat = (typeof FORMATS)[number];
