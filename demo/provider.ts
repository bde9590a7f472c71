/** The demo's provider: simulated by `@copilotkit/aimock`, which speaks both makers' wire formats and costs nothing. */

import { LLMock } from '@copilotkit/aimock'

export async function startProvider(): Promise<{ url: string; stop(): Promise<void> }> {
  const provider = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
  provider.onMessage(/.*/, { content: 'A toll gate is where you pay before you pass.' })
  await provider.start()
  return { url: provider.url, stop: () => provider.stop() }
}
