import type { PersistenceManager as PersistenceManagerType } from "../../node_modules/fauxqs/dist/persistence.js";
import type { S3Store as S3StoreType } from "../../node_modules/fauxqs/dist/s3/s3Store.js";
import type { SnsStore as SnsStoreType } from "../../node_modules/fauxqs/dist/sns/snsStore.js";
import type { SqsQueue, SqsStore as SqsStoreType } from "../../node_modules/fauxqs/dist/sqs/sqsStore.js";

/**
 * The parts of fauxqs that its package root does not export, in one typed place. They are resolved from the
 * package's own entry, so they are those that `buildApp` uses.
 */
const entry = import.meta.resolve("fauxqs");

async function part<T>(path: string): Promise<T> {
  return (await import(new URL(path, entry).href)) as T;
}

interface SqsModule {
  readonly SqsStore: typeof SqsStoreType;
}
interface SnsModule {
  readonly SnsStore: typeof SnsStoreType;
}
interface S3Module {
  readonly S3Store: typeof S3StoreType;
}
interface PersistenceModule {
  readonly PersistenceManager: typeof PersistenceManagerType;
}

export const { SqsStore } = await part<SqsModule>("./sqs/sqsStore.js");
export const { SnsStore } = await part<SnsModule>("./sns/snsStore.js");
/** Needed to build fauxqs's app, and never called: our S3 is our own. */
export const { S3Store } = await part<S3Module>("./s3/s3Store.js");
export const { PersistenceManager } = await part<PersistenceModule>("./persistence.js");
export type { PersistenceManagerType, SnsStoreType, SqsQueue, SqsStoreType };
