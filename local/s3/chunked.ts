import type { TransformCallback } from "node:stream";
import { Transform } from "node:stream";
import { incompleteBody } from "./errors.ts";

/**
 * Decodes `aws-chunked` bodies: chunks headed by their size in hexadecimal, ended by one of size zero, then
 * trailers. Signatures of chunks are not verified. `trailers` is filled when the stream has ended.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export class ChunkedDecoder extends Transform {
  readonly trailers = new Map<string, string>();
  private state: "size" | "data" | "data-end" | "trailer" | "end" = "size";
  private remaining = 0;
  private line = "";

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let offset = 0;
    while (offset < chunk.length && this.state !== "end") {
      if (this.state === "data") {
        const end = Math.min(offset + this.remaining, chunk.length);
        this.push(chunk.subarray(offset, end));
        this.remaining -= end - offset;
        offset = end;
        if (this.remaining === 0) this.state = "data-end";
        continue;
      }
      const newline = chunk.indexOf(0x0a, offset);
      const stop = newline < 0 ? chunk.length : newline;
      this.line += chunk.toString("latin1", offset, stop);
      offset = stop + 1;
      if (newline >= 0) this.endLine();
      if (this.line.length > 16_384) {
        done(incompleteBody());
        return;
      }
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    // The last empty line may be missing: some clients end with the last trailer.
    done(this.state === "end" || this.state === "trailer" ? null : incompleteBody());
  }

  private endLine(): void {
    const line = this.line.replace(/\r$/, "");
    this.line = "";
    if (this.state === "data-end") {
      this.state = "size";
    } else if (this.state === "size") {
      this.remaining = Number.parseInt(line.split(";")[0] ?? "", 16);
      if (Number.isNaN(this.remaining)) this.destroy(incompleteBody());
      this.state = this.remaining === 0 ? "trailer" : "data";
    } else if (line === "") {
      this.state = "end";
    } else {
      const colon = line.indexOf(":");
      this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
  }
}
