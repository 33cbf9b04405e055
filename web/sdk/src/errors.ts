/** The one error class of the SDK. Owns codes, never the words that a person reads. */

import type { ErrorBody } from './protocol';
import type { AnyErrorCode, BedsideErrorShape } from './types';

/** What else an error may carry. */
export interface ErrorDetail {
  readonly message?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly triesLeft?: number | undefined;
  readonly field?: string | undefined;
}

/** Something was refused or failed. `code` is stable; `message` is English and for developers. */
export class BedsideError extends Error implements BedsideErrorShape {
  override readonly name = 'BedsideError';
  readonly code: AnyErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly triesLeft: number | undefined;
  readonly field: string | undefined;

  constructor(code: AnyErrorCode, detail: ErrorDetail = {}) {
    super(detail.message ?? code);
    this.code = code;
    this.retryAfterMs = detail.retryAfterMs;
    this.triesLeft = detail.triesLeft;
    this.field = detail.field;
  }

  /** From the body of an HTTP answer or the payload of a socket's `error`. */
  static from(body: ErrorBody): BedsideError {
    return new BedsideError(body.code, {
      message: body.message,
      retryAfterMs: body.retry_after_ms,
      triesLeft: body.tries_left,
      field: body.field,
    });
  }
}

/** Whether something that was caught is an error of the SDK. */
export function isBedsideError(caught: unknown): caught is BedsideError {
  return caught instanceof BedsideError;
}
