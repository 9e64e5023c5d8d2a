import type { HttpRequest } from '../system/http.ts';
import type { Letter, Payload } from './letter.ts';

export interface Post {
  readonly url: string;
  /** Sent as a bearer token, to webhooks and ntfy. */
  readonly token: string | undefined;
  readonly userAgent: string;
}

/** Our own shape: the notices as they are. */
export function webhookRequest(post: Post, payload: Payload): HttpRequest {
  return request(post, post.url, payload);
}

/** https://docs.ntfy.sh/publish/#publish-as-json: to the root of the server, the topic inside. */
export function ntfyRequest(post: Post, { title, text, urgent }: Letter): HttpRequest {
  const [, root = '', topic = ''] = /^([^?#]*\/)([^/?#]+)/.exec(post.url) ?? [];
  return request(post, root, {
    topic,
    title,
    message: clipBytes(text, 4000),
    priority: urgent ? 4 : 3,
    tags: [urgent ? 'warning' : 'white_check_mark'],
  });
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; also Mattermost's and Rocket.Chat's. */
export function slackRequest(post: Post, { title, text }: Letter): HttpRequest {
  const escaped = `*${title}*\n${text}`
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return request({ ...post, token: undefined }, post.url, { text: escaped });
}

function request({ token, userAgent }: Post, url: string, body: unknown): HttpRequest {
  return {
    url,
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': userAgent,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  };
}

/** ntfy makes a file of what is longer than 4096 bytes. */
function clipBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return `${new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\uFFFD$/, '')} …`;
}
