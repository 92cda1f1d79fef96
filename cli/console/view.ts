import type { Picture } from "./picture.ts";

/**
 * What the server sends to the page, section by section: times as ISO 8601 unless said otherwise, sizes in bytes.
 * It stands by itself, so that the page's program and types have nothing of the server's in them.
 */
export interface View {
  readonly site: {
    readonly url: string;
    readonly stack: string;
    readonly region: string;
    readonly local: boolean;
  };
  readonly picture: Picture;
  readonly standing: Standing;
  readonly run: Run | null;
  readonly releases: readonly ReleaseRow[];
  readonly timings: readonly Timing[];
  readonly certificate: CertificateLife;
  readonly fleet: {
    readonly machines: readonly MachineRow[];
    readonly images: number;
    readonly snapshots: number;
  };
  readonly costs: MonthlyCosts;
  /** Why what is shown may be old; null while all is well. */
  readonly trouble: string | null;
}

/** See cli/read/standing.ts. */
interface Standing {
  readonly live: {
    readonly release: number;
    readonly since: string;
    readonly instanceId: string;
    readonly archive: { readonly files: number; readonly siteBytes: number };
  } | null;
  readonly held: { readonly release: number } | null;
  readonly seen: { readonly answers: true } | { readonly answers: false; readonly reason: string } | null;
  readonly underWay: { readonly execution: string; readonly step: string } | null;
  readonly waiting: readonly string[];
  readonly refused: { readonly error: string; readonly cause: string } | null;
}

/** A deployment as it moves, or moved, through the state machine. */
export interface Run {
  readonly execution: string;
  /** The release that it makes; null before it has one, and for one that found nothing to do. */
  readonly release: number | null;
  readonly status: string;
  /** Of a run that failed. */
  readonly error: string | null;
  readonly cause: string | null;
  /** In epoch milliseconds; `to` is there once the state was left. */
  readonly visits: readonly { readonly state: string; readonly from: number; readonly to?: number }[];
}

/** See lib/releases/changes.ts. */
export interface ChangedFiles {
  readonly files: number;
  readonly bytes: number;
  /** The first of their names. */
  readonly first: readonly string[];
}

/** See cli/read/releases.ts. */
export interface ReleaseRow {
  readonly number: number;
  readonly reason: "content" | "certificate" | "rebuild" | "replace" | "rollback";
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
  /** Where a rollback went to. */
  readonly to?: number | undefined;
  readonly failure?: string | undefined;
  /** Null where it is not known, or where nothing can have changed. */
  readonly changes: {
    readonly added: ChangedFiles;
    readonly changed: ChangedFiles;
    readonly removed: ChangedFiles;
  } | null;
}

/** How long each part of a deployment took, in seconds; `total` from its start to its commit. */
export interface Timing {
  readonly release: number;
  readonly total: number;
  readonly parts: Readonly<Record<string, number>>;
}

interface MachineRow {
  readonly instanceId: string;
  readonly state: string;
  readonly address: string | null;
  readonly release: number;
  readonly launchedAt: string;
  readonly imageId: string | null;
}

/** See cli/read/certificate.ts. */
interface CertificateLife {
  readonly served: Certificate | null;
  readonly coming: Certificate | null;
  readonly next: { readonly at: string; readonly reason: string } | null;
  readonly failures: number;
}

interface Certificate {
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly names: readonly string[];
  readonly selfSigned: boolean;
}

/** See cli/read/costs.ts. */
interface MonthlyCosts {
  readonly usd: number;
  readonly lines: readonly { readonly unit: string; readonly quantity: number; readonly usd: number }[];
  readonly deployments: number;
  readonly missing: readonly string[];
}

/** What came of asking for a change. */
export interface Done {
  readonly ok: boolean;
  readonly message: string;
}
