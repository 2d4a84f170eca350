// The sign-in form: the token goes to the server once and is kept nowhere.

const form = document.getElementById("login");
const token = document.getElementById("token");
const said = document.getElementById("said");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  said.textContent = "";
  const problem = await signIn(token.value.trim());
  button.disabled = false;
  if (!problem) {
    location.replace("/" + location.hash);
    return;
  }
  said.textContent = problem;
  token.select();
  token.focus();
});

/** Return why the server refuses the token, or an empty text. */
async function signIn(value) {
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: value }),
    });
    if (answer.ok) return "";
    const { error } = await answer.json();
    return error;
  } catch {
    return "The page's server does not answer. Is run_fno_paper web still running?";
  }
}
