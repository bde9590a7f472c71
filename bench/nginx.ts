/** nginx in two roles: a provider that costs little, and a proxy to compare with. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Server, startServer } from './server.ts'
import { tool } from './tools.ts'

const bodies = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

interface Options {
  name: string
  folder: string
  /** The beginning of its command. */
  prefix?: readonly string[]
  /** Inside `http`. */
  upstream?: string
  /** Inside `server`. */
  locations: string
}

/** One process without a master, so its CPU is the CPU of nginx. */
export function startNginx({
  name,
  folder,
  prefix = [],
  upstream = '',
  locations,
}: Options): Promise<Server> {
  const file = join(folder, `${name}.conf`)
  return startServer({
    name,
    folder,
    prepare: port =>
      writeFile(
        file,
        `daemon off;
master_process off;
pid ${name}.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  log_not_found off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_max_body_size 0;
  client_header_buffer_size 16k;
  client_body_buffer_size 4m;
  ${bodies.map(body => `${body}_temp_path ${name}-${body};`).join('\n  ')}
  ${upstream}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${locations}
  }
}
`,
      ),
    command: () => [...prefix, tool('nginx'), '-p', folder, '-c', file],
  })
}

const completion = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1700000000,
  model: 'gpt-6-luna',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'A fox that is quick and brown jumped over a dog that is lazy. '.repeat(8).trim(),
        refusal: null,
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 230,
    completion_tokens: 128,
    total_tokens: 358,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
  service_tier: 'default',
})

/** The same chat completion for every request. `mirror` reads the whole request first, which `return` alone does not. */
export function startNginxProvider(folder: string): Promise<Server> {
  return startNginx({
    name: 'nginx-provider',
    folder,
    locations: `
    default_type application/json;
    location / { mirror /read; error_page 404 405 =200 @completion; root /nonexistent; }
    location = /read { internal; return 204; }
    location @completion { return 200 '${completion}'; }`,
  })
}
