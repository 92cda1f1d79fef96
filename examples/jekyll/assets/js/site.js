// Light or dark: what the system says, until the button says otherwise.
const root = document.documentElement;
const button = document.querySelector("button.theme");
const stored = localStorage.getItem("theme");
if (stored) root.dataset.theme = stored;

button.hidden = false;
button.addEventListener("click", () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

// Every block of code can be copied.
for (const block of document.querySelectorAll("article pre")) {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code")?.innerText ?? block.innerText);
    copy.textContent = "Copied";
    setTimeout(() => {
      copy.textContent = "Copy";
    }, 1500);
  });
  block.append(copy);
}
