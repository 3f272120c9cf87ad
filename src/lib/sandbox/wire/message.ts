/** What the transports hand to the sandbox: no sockets, no SDK. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  /** Fires when the client has gone. */
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The connection breaks instead of carrying this answer: a lost answer, a Region that is down. */
  readonly cut?: true;
}

/** Bodies beyond this are refused unread. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** The largest object of S3 here, and its body with the frames of chunks. */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
export const MAX_S3_BODY_BYTES = MAX_OBJECT_BYTES + 1024 * 1024;
/** All header names and values together. */
export const MAX_HEADER_BYTES = 16 * 1024;
