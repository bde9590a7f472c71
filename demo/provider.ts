/** The demo's provider: simulated by `@copilotkit/aimock`, which speaks both makers' wire formats and costs nothing. */

import { LLMock } from '@copilotkit/aimock'

export async function startProvider(): Promise<{ url: string; stop(): Promise<void> }> {
  const provider = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
  // Usage of its own: it reports none on Anthropic's routes unless it is told to.
  provider.onMessage(/.*/, {
    content: 'A toll gate is where you pay before you pass.',
    usage: { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 },
  })
  await provider.start()
  return { url: provider.url, stop: () => provider.stop() }
}
