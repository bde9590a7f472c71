/** Preloaded into a gateway (`--import`): its machine's clock goes wrong by SKEW_MS milliseconds. */

const skew = Number(process.env.SKEW_MS)
const { Date: RealDate } = globalThis
const now = () => RealDate.now() + skew

globalThis.Date = new Proxy(RealDate, {
  construct: (date, given, target) => Reflect.construct(date, given.length > 0 ? given : [now()], target),
  apply: date => new date(now()).toString(),
  get: (date, name) => (name === 'now' ? now : Reflect.get(date, name)),
})
