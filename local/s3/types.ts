/** Bytes of a file of content that belong to an object; those of its parts follow each other. */
export interface Segment {
  readonly file: string;
  /** Of the first byte; 0 where it does not stand. */
  readonly start?: number;
  readonly length: number;
}

/** A checksum as the caller gave it, verified where the algorithm is known: header suffix and base64 value. */
export interface Checksum {
  readonly algorithm: string;
  readonly value: string;
}

/** What is kept of an object beside its content. */
export interface ObjectRecord {
  readonly key: string;
  readonly size: number;
  /** With its quotes, as on the wire. */
  readonly etag: string;
  /** Milliseconds since 1970, whole seconds: S3's clock has no finer tick. */
  readonly lastModified: number;
  /** Headers given back on GET and HEAD: content-type, cache-control, x-amz-meta-… */
  readonly headers: Readonly<Record<string, string>>;
  readonly segments: readonly Segment[];
  readonly multipart: boolean;
  /** Bytes of each part that it was made of. */
  readonly parts?: readonly number[];
  readonly checksum?: Checksum | undefined;
}

/** One part of an upload that is not complete yet. */
export interface PartRecord {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly segments: readonly Segment[];
  readonly checksum?: Checksum | undefined;
}

/** A multipart upload that is neither complete nor aborted. */
export interface UploadRecord {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, PartRecord>;
}

/** Conditions of a write: the ETag that must be there, or that nothing may be there. */
export interface WriteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Why an object came or went: `detail.reason` of its event. */
export type ChangeReason = "PutObject" | "CopyObject" | "CompleteMultipartUpload" | "DeleteObject";

/** A change of a bucket's content. */
export interface ObjectChange {
  readonly bucket: string;
  readonly key: string;
  readonly reason: ChangeReason;
  /** The object that came; undefined when it went. */
  readonly object: ObjectRecord | undefined;
  /** Grows with every change, in hexadecimal, as S3's does. */
  readonly sequencer: string;
}
