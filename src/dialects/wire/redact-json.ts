/**
 * Redacts names in JSON that is too long to be buffered and comes in chunks: in members that report errors, and in all of
 * an object that is not a response. Output does not change. The length stays the same.
 */

import { isErrorType } from './error-shapes.ts'
import { byte } from './json-bytes.ts'
import { isSpace, stringEnds, unescaped } from './json-scan.ts'
import type { Redaction } from './redact.ts'
import { redactedWords } from './redact-words.ts'
import type { ResponseShapes } from './response-shape.ts'

/** A member that reports an error, in any object. */
const FAULT = /error|^err|exception|(^|_)fault|warning|_details$/i
/** Members that have the text of an error, if their value is a string. */
const WORDS = /^(message|detail|msg|description|reason|title)s?$/i
/** Members that show whether an object is a response or an error. */
const KINDS = new Set(['type', 'object'])
/** Members that may come first and have no text. */
const PLAIN = new Set(['id', 'created', 'created_at', 'model', 'provider', 'sequence_number', ...KINDS])
/** Longest name of these members. */
const LONGEST_NAME = 64

export interface Chunks {
  push(chunk: Buffer): Buffer
  end(): Buffer | undefined
}

/** `all`: the object is an error. The bytes before and after the object are redacted too. */
export function redactedJson(
  redaction: Redaction,
  { nested, ofResponse }: Pick<ResponseShapes, 'nested' | 'ofResponse'>,
  all = false,
): Chunks {
  /** Open objects and lists that may contain an error. Items of lists have no names. */
  const levels: ('object' | 'list')[] = []
  /** Number of open objects and lists inside other values. */
  let inside = 0
  let isResponse = false
  let isFailed = all
  /** True: a list or an object of output has begun. It may be empty. */
  let isOutputNext = false
  let name = ''
  let kind = ''
  let isNameNext = false
  let string: 'none' | 'name' | 'value' = 'none'
  const stringEnd = stringEnds()
  /** True: the present value is redacted. */
  let redacts = true
  let words = redactedWords(redaction)

  let out: Buffer[] = []
  let bytes: Buffer = Buffer.alloc(0)
  let from = 0

  /** Emits the bytes before `at`, redacted or not as the state before `at` requires. */
  function until(at: number, next: boolean) {
    const part = bytes.subarray(from, at)
    from = at
    if (part.length > 0) out.push(redacts ? words.push(part) : part)
    if (redacts && !next) {
      out.push(words.end())
      words = redactedWords(redaction)
    }
    redacts = next
  }

  function beginValue(at: number) {
    if (levels.at(-1) !== 'object') return
    isOutputNext = ofResponse.has(name) && bytes[at] !== byte.quote
    isResponse ||= ofResponse.has(name) && bytes[at] === byte.quote
    const isWords = WORDS.test(name) && (bytes[at] === byte.quote || !isResponse)
    const isUnknown = !isResponse && !ofResponse.has(name) && !PLAIN.has(name) && !nested.has(name)
    until(at, isFailed || isUnknown || isWords || FAULT.test(name))
  }

  function open(isList: boolean, at: number) {
    if (inside > 0) return void inside++
    const level = levels.at(-1)
    const isScanned = level === undefined ? !isList : level === 'list' || nested.has(name)
    if (level === undefined) until(at, isFailed || isList)
    else beginValue(at)
    if (isScanned) levels.push(isList ? 'list' : 'object')
    else inside = 1
    isNameNext = !isList
  }

  function close(at: number) {
    if (inside > 0) return void inside--
    levels.pop()
    endValue(at)
  }

  /** Handles the bytes between two values, and after the last one. */
  function endValue(at: number) {
    isNameNext = levels.at(-1) === 'object'
    until(at, isFailed || levels.length === 0)
  }

  function endString() {
    if (string === 'value' && inside === 0 && KINDS.has(name)) {
      isFailed ||= isErrorType(kind)
      isResponse ||= !isFailed
    }
    if (string === 'name') name = unescaped(name)
    string = 'none'
  }

  function scan() {
    for (let at = 0; at < bytes.length; at++) {
      if (string !== 'none') {
        const quote = stringEnd(bytes, at)
        const end = Math.min(quote < 0 ? bytes.length : quote, at + LONGEST_NAME + 1)
        if (string === 'name' && name.length <= LONGEST_NAME) name += bytes.toString('latin1', at, end)
        else if (inside === 0 && kind.length <= LONGEST_NAME) kind += bytes.toString('latin1', at, end)
        if (quote < 0) return
        endString()
        at = quote
        continue
      }
      if (isOutputNext && !isSpace(bytes[at])) {
        isOutputNext = false
        isResponse ||= bytes[at] !== byte.closeList && bytes[at] !== byte.closeObject
      }
      switch (bytes[at]) {
        case byte.quote:
          if (inside > 0) string = 'value'
          else beginString(at)
          break
        case byte.openObject:
        case byte.openList:
          open(bytes[at] === byte.openList, at)
          break
        case byte.closeObject:
        case byte.closeList:
          close(at)
          break
        case byte.comma:
          if (inside === 0) endValue(at)
      }
    }
  }

  function beginString(at: number) {
    if (levels.length === 0) return
    string = isNameNext ? 'name' : 'value'
    kind = ''
    if (isNameNext) name = ''
    else beginValue(at)
    isNameNext = false
  }

  return {
    push(chunk) {
      bytes = chunk
      from = 0
      out = []
      scan()
      until(bytes.length, redacts)
      return out.length === 1 ? out[0]! : Buffer.concat(out)
    },
    end: () => (redacts ? words.end() : undefined),
  }
}
