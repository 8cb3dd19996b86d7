import { useState } from "preact/hooks";
import type { RequestError } from "../data/request-error.ts";
import { login } from "../data/session.ts";
import { ErrorNotice } from "../parts/notice.tsx";

/** The form for a token, shown if the server has no session for this browser. */
export function Login({ reason }: { readonly reason: RequestError }) {
  const [error, setError] = useState<RequestError>();
  const [token, setToken] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    login(token).catch((refused: RequestError) => setError(refused));
  };
  return (
    <main class="alone">
      <h1>maand</h1>
      <form onSubmit={submit}>
        <p>{reason.hint ?? "This server needs a token."}</p>
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Sign in
        </button>
        {error && <ErrorNotice error={error} />}
      </form>
    </main>
  );
}
