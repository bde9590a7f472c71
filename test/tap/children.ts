/**
 * Starts the child processes of a test with the environment that the test gives them.
 *
 * tap adds a module to each child that writes files and counts coverage. It costs each start up to 0.3 s of CPU, and a child of
 * another user may not write there. So the report has what the test processes run, and not what their children run.
 */

import processOnSpawn from 'process-on-spawn'

const { NODE_OPTIONS = '' } = process.env
const ours = NODE_OPTIONS.split(' ').filter(option => !option.includes('@tapjs/processinfo'))
process.env.NODE_OPTIONS = ours.join(' ')

let given: NodeJS.ProcessEnv = {}
// Before tap's own listener, and after it.
processOnSpawn.prependListener(child => {
  given = child.env
})
processOnSpawn.addListener(child => {
  child.env = given
})
