/** Anthropic's Messages API: POST /v1/messages. */

import { askMessages } from './anthropic-ask.ts'
import { anthropicCounter } from './anthropic-counter.ts'
import { errorBody, errorEvent } from './anthropic-errors.ts'
import { eventMeter, messageMeter } from './anthropic-meter.ts'
import type { Dialect } from './dialect.ts'
import { edited } from './json-edit.ts'
import { anthropicLimits } from './limit-headers.ts'
import { isMessage } from './success.ts'
import { upstreamError } from './upstream-error.ts'

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  family: 'anthropic',
  path: '/v1/messages',
  paid: true,
  // What a coding agent tells of itself (x-claude-code-*, x-stainless-*) is meant for the gateway, and stays here.
  requestHeaders: ['anthropic-version', 'anthropic-beta'],
  isSuccess: isMessage,
  ask: askMessages,
  rewrite: (raw, { ceiling }) =>
    edited(raw, body => {
      if (ceiling !== undefined) body.set('max_tokens', String(ceiling))
    }),
  meter: (ask, stream) => (stream ? eventMeter(ask) : messageMeter(ask)),
  errorBody,
  errorEvent,
  counter: anthropicCounter,
  limitHeaders: anthropicLimits,
  upstreamError,
}
