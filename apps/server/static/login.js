// Login: asks for the server's token and changes it for a cookie.

const REFUSED = {
  401: "That is not this server's token.",
  429: "Too many wrong tokens. Wait a second, then try again.",
};

export class Login {
  /** `onWelcome()` is called once the server knows this browser. */
  constructor(dialog, onWelcome) {
    this.dialog = dialog;
    this.onWelcome = onWelcome;
    this.field = dialog.querySelector("[type=password]");
    this.problem = dialog.querySelector("[role=alert]");
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    // There is nothing behind it to go back to.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  }

  ask() {
    if (!this.dialog.open) this.dialog.showModal();
    this.field.focus();
  }

  async #submit() {
    this.problem.textContent = "";
    const refused = await exchange(this.field.value);
    if (refused) {
      this.problem.textContent = refused;
      this.field.select();
      return;
    }
    this.field.value = "";
    this.dialog.close();
    this.onWelcome();
  }
}

/** What to say where the token was refused, else "". */
async function exchange(token) {
  let headers;
  try {
    headers = new Headers({ Authorization: `Bearer ${token.trim()}` });
  } catch {
    return REFUSED[401]; // no header can hold these characters, so no token has them
  }
  try {
    const answer = await fetch("login", { method: "POST", headers });
    return answer.ok ? "" : REFUSED[answer.status] ?? `The server answered ${answer.status}.`;
  } catch {
    return "The server cannot be reached. Try again in a moment.";
  }
}
