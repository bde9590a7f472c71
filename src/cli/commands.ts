/** The table of all commands. */

import type { Command } from './command.ts'
import { alerts } from './commands/alerts.ts'
import { apply } from './commands/apply.ts'
import { audit } from './commands/audit.ts'
import { calls } from './commands/calls.ts'
import { clients } from './commands/clients.ts'
import { completionOf } from './commands/completion.ts'
import { explain } from './commands/explain.ts'
import { exportAll } from './commands/export.ts'
import { keys } from './commands/keys.ts'
import { performance } from './commands/performance.ts'
import { refusals } from './commands/refusals.ts'
import { schema } from './commands/schema.ts'
import { gateway, teams } from './commands/teams.ts'
import { tokens, whoami } from './commands/tokens.ts'
import { upstreams } from './commands/upstreams.ts'
import { usage } from './commands/usage.ts'
import { verify } from './commands/verify.ts'

const requests: Command[] = [
  ...clients,
  ...keys,
  ...teams,
  ...gateway,
  apply,
  exportAll,
  schema,
  usage,
  performance,
  ...calls,
  refusals,
  explain,
  ...upstreams,
  ...alerts,
  verify,
  ...tokens,
  audit,
  whoami,
]

export const commands: Command[] = [...requests, completionOf(requests)]
