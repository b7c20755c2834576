// The admin API over HTTP, on the address that this page came from.

export class Refused extends Error {}

export class Api {
  #secret;
  #path;

  constructor(secret) {
    this.#secret = secret;
  }

  /** Asks the server; the answer, or a Refused with its reason. */
  ask(request) {
    return this.#post('', request);
  }

  /** Asks about the handle of a person. */
  handle({ session_id, handle_id }, request) {
    return this.#post(`/${session_id}/${handle_id}`, request);
  }

  /** Asks the VideoRoom. */
  async room(request) {
    const plugin = 'janus.plugin.videoroom';
    const { response } = await this.ask({ janus: 'message_plugin', plugin, request });
    if (response.error) throw new Refused(response.error);
    return response;
  }

  /** A whole list, whatever the number of its parts. */
  async list(janus, name) {
    const all = [];
    for (let first = 0; first !== undefined; ) {
      const part = await this.ask({ janus, first });
      all.push(...part[name]);
      first = part.next;
    }
    return all;
  }

  async #post(path, request) {
    const body = JSON.stringify({ transaction: 'page', admin_secret: this.#secret, ...request });
    this.#path ??= await (await fetch('base_path')).text();
    const answer = await fetch(this.#path + path, { method: 'POST', body });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    const said = await answer.json();
    if (said.janus === 'error') throw new Refused(said.error.reason);
    return said;
  }
}
