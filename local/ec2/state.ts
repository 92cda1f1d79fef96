/*
 * What the local EC2 remembers. Records are plain data in one JSON file; resources hold tags under their own
 * id in `tags`, so that one place serves CreateTags, DescribeTags and every tag filter.
 */

/** A number of an instance state with its name, as the API pairs them. */
export const instanceStates = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

export type InstanceState = keyof typeof instanceStates;

export interface Reason {
  readonly code: string;
  readonly message: string;
}

export interface Instance {
  readonly id: string;
  readonly reservationId: string;
  readonly ownerId: string;
  readonly imageId: string;
  readonly type: string;
  readonly architecture: string;
  readonly bootMode?: string;
  readonly keyName?: string;
  readonly profileArn?: string;
  readonly clientToken?: string;
  readonly launchIndex: number;
  readonly shutdownBehavior: "stop" | "terminate";
  readonly metadata: {
    readonly httpEndpoint: string;
    readonly httpTokens: string;
    readonly hopLimit: number;
  };
  readonly rootDevice: string;
  readonly volumeId: string;
  readonly networkInterfaceId: string;
  /** It was launched with AssociatePublicIpAddress: while it runs without an Elastic IP it has an address. */
  readonly wantsPublicAddress: boolean;
  launchTime: string;
  state: InstanceState;
  reason?: Reason;
  /** As in "User initiated (2026-01-01 00:00:00 GMT)". */
  transition: string;
  /** The auto-assigned public address it has now. */
  publicAddress?: string;
  /** Process of its machine, to find one that outlived us. */
  pid?: number;
  /** When it was terminated; it is forgotten an hour later. */
  endedAt?: string;
}

export interface NetworkInterface {
  readonly id: string;
  readonly ownerId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly macAddress: string;
  readonly privateAddress: string;
  readonly attachmentId: string;
  readonly instanceId: string;
  readonly description: string;
  readonly attachedAt: string;
  groupIds: string[];
}

export interface Volume {
  readonly id: string;
  readonly ownerId: string;
  readonly snapshotId: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly encrypted: boolean;
  readonly createdAt: string;
  readonly deleteOnTermination: boolean;
  instanceId?: string;
  device?: string;
}

export interface Snapshot {
  readonly id: string;
  readonly ownerId: string;
  readonly startedAt: string;
  readonly sizeGiB: number;
  readonly description: string;
  readonly encrypted: boolean;
  readonly kmsKeyArn?: string;
  readonly parentId?: string;
  /** Records at the beginning of its block list that came from its parent. */
  inheritedBlocks?: number;
  state: "pending" | "completed" | "error";
  progress: string;
  message?: string;
  completedAt?: string;
  /** Of a snapshot that is being written through the EBS direct APIs: when it is given up, in ms. */
  deadline?: number;
  timeoutMinutes?: number;
  /** When CompleteSnapshot was called, in ms. */
  sealedAt?: number;
  clientToken?: string;
  tokenDigest?: string;
}

export interface Image {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly description?: string;
  readonly architecture: string;
  readonly virtualizationType: string;
  readonly bootMode?: string;
  readonly enaSupport: boolean;
  readonly imdsSupport?: string;
  readonly rootDevice: string;
  readonly createdAt: string;
  readonly mappings: readonly ImageMapping[];
  readonly state: "available";
}

export interface ImageMapping {
  readonly device: string;
  readonly snapshotId: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly deleteOnTermination: boolean;
}

export interface ElasticAddress {
  readonly allocationId: string;
  readonly publicAddress: string;
  readonly ownerId: string;
  associationId?: string;
  instanceId?: string;
}

export interface Vpc {
  readonly id: string;
  readonly ownerId: string;
  cidr: string;
}

export interface Subnet {
  readonly id: string;
  readonly ownerId: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly zone: string;
  mapPublicIp: boolean;
}

export interface Rule {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidr: string;
  readonly description?: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly ownerId: string;
  readonly vpcId: string;
  name: string;
  description: string;
  ingress: Rule[];
  egress: Rule[];
}

export interface ImportTask {
  readonly id: string;
  readonly kind: "snapshot" | "image";
  readonly ownerId: string;
  readonly bucket: string;
  readonly key: string;
  readonly format: string;
  readonly description?: string;
  readonly encrypted: boolean;
  readonly architecture: string;
  readonly bootMode?: string;
  readonly licenseType?: string;
  readonly clientToken?: string;
  readonly tokenDigest?: string;
  readonly startedAt: string;
  status: "active" | "completed" | "deleting" | "deleted" | "error";
  stage?: string;
  progress?: number;
  message?: string;
  sizeBytes?: number;
  snapshotId?: string;
  imageId?: string;
}

/** What a client token stands for: the digest of its call's parameters and what the call made. */
export interface LaunchToken {
  readonly digest: string;
  readonly reservationId: string;
  readonly instanceIds: readonly string[];
}

export interface State {
  readonly version: 1;
  instances: Record<string, Instance>;
  networkInterfaces: Record<string, NetworkInterface>;
  volumes: Record<string, Volume>;
  snapshots: Record<string, Snapshot>;
  images: Record<string, Image>;
  addresses: Record<string, ElasticAddress>;
  vpcs: Record<string, Vpc>;
  subnets: Record<string, Subnet>;
  groups: Record<string, SecurityGroup>;
  importTasks: Record<string, ImportTask>;
  launchTokens: Record<string, LaunchToken>;
  tags: Record<string, Record<string, string>>;
  /** Resources made for a stack: "<stack>/<logical id>" → what they are to the template. */
  provisioned: Record<string, { type: string; ref: string; attributes: Record<string, string> }>;
  /** Last host number given out as an auto-assigned public address. */
  lastHost: number;
}

/** The state of a cloud that nothing was ever made in. */
export function emptyState(): State {
  return {
    version: 1,
    instances: {},
    networkInterfaces: {},
    volumes: {},
    snapshots: {},
    images: {},
    addresses: {},
    vpcs: {},
    subnets: {},
    groups: {},
    importTasks: {},
    launchTokens: {},
    tags: {},
    provisioned: {},
    lastHost: 9,
  };
}
