/** Unpacks a Debian or Ubuntu package, with the libraries this machine lacks, into a folder. Needs no root. */

import { execFile } from 'node:child_process'
import { glob, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const twoMinutes = { timeout: 120_000 }

/**
 * apt's own settings (sources, keys, proxies) hold, but its lists and cache are ours, nothing of the system's is
 * locked or written, and no hook of the system's runs.
 */
const settings = (folder: string) => `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "${folder}/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "${folder}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
`

/** Fetches the first of `names` that the distribution has. `target` appears whole, or not at all. */
export async function fetchPackage(names: readonly string[], target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const folder = await mkdtemp(`${target}-`)
  try {
    await Promise.all(
      ['state/lists/partial', 'cache/archives/partial', 'root'].map(name =>
        mkdir(join(folder, name), { recursive: true }),
      ),
    )
    const config = join(folder, 'apt.conf')
    await writeFile(config, settings(folder))
    // A source may be unreachable if another one has the package.
    await run('apt-get', ['-c', config, '-q', 'update'], twoMinutes).catch(() => {})
    await download(names, config)
    for await (const file of glob('cache/archives/*.deb', { cwd: folder })) {
      await run('dpkg', ['-x', join(folder, file), join(folder, 'root')], twoMinutes)
    }
    await rename(join(folder, 'root'), target).catch(async error => {
      // Another process has unpacked the same package first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function download(names: readonly string[], config: string): Promise<void> {
  const failures: unknown[] = []
  for (const name of names) {
    try {
      await run('apt-get', ['-c', config, '-q', '-y', '--download-only', 'install', name], twoMinutes)
      return
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, `apt-get could not download ${names.join(' or ')}`)
}
