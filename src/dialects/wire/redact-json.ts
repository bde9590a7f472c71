/**
 * Redacts names in JSON that is too long to be looked at as a whole, while its bytes go by, however they are cut: in the
 * members that report errors, and in all of an object that is no response. Output passes as it is. The length is kept.
 */

import { isErrorType } from './error-shapes.ts'
import { byte, isSpace, stringEnds, unescaped } from './json-scan.ts'
import type { Redaction } from './redact.ts'
import { redactedWords } from './redact-words.ts'

/** A member that reports an error, in any object. */
const FAULT = /error|^err|exception|(^|_)fault|warning|_details$/i
/** These hold the words of one, where they are texts. */
const WORDS = /^(message|detail|msg|description|reason|title)s?$/i
/** Only a response, or an event of one, has these. */
const OUTPUT = new Set(['choices', 'content', 'output', 'data', 'usage'])
/** These say which of both it is. */
const KINDS = new Set(['type', 'object'])
/** Members that may come before, and hold no words. */
const PLAIN = new Set(['id', 'created', 'created_at', 'model', 'provider', 'sequence_number', ...KINDS])
/** Objects inside of which an error may stand. */
const LOOKED_INTO = new Set(['response', 'choices'])
const KNOWN = new Set([...OUTPUT, ...PLAIN, ...LOOKED_INTO])
/** A longer name is none of these. */
const LONGEST_NAME = 64

export interface Chunks {
  push(chunk: Buffer): Buffer
  end(): Buffer | undefined
}

/** `all`: it is known to be an error. What comes before the object, and after it, is redacted too. */
export function redactedJson(redaction: Redaction, all = false): Chunks {
  /** Open objects and lists that are looked into; the members of lists have no names. */
  const levels: ('object' | 'list')[] = []
  /** Open objects and lists inside of a value that is not. */
  let inside = 0
  let isResponse = false
  let isFailed = all
  /** A list or an object of output has begun. It may be empty. */
  let isOutputNext = false
  let name = ''
  let kind = ''
  let isNameNext = false
  let string: 'none' | 'name' | 'value' = 'none'
  const stringEnd = stringEnds()
  /** The current value is redacted. */
  let redacts = true
  let words = redactedWords(redaction)

  let out: Buffer[] = []
  let bytes: Buffer = Buffer.alloc(0)
  let from = 0

  /** Sends off what comes before `at`, in the way that has been true so far. */
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
    isOutputNext = OUTPUT.has(name) && bytes[at] !== byte.quote
    isResponse ||= OUTPUT.has(name) && bytes[at] === byte.quote
    const isWords = WORDS.test(name) && (bytes[at] === byte.quote || !isResponse)
    const isUnknown = !isResponse && !KNOWN.has(name)
    until(at, isFailed || isUnknown || isWords || FAULT.test(name))
  }

  function open(isList: boolean, at: number) {
    if (inside > 0) return void inside++
    const level = levels.at(-1)
    const isScanned = level === undefined ? !isList : level === 'list' || LOOKED_INTO.has(name)
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

  /** Between two values, and after the last one. */
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
