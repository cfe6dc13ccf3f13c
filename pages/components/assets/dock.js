// Play and pause by K, a click on the waveform, how far the sound has been played, and the way of
// the keyboard from the top of the page to the choice of the clip; one step of Back for a page.
(() => {
  if (window.serDock) return; // the script is run again with every change of the dock
  window.serDock = true;
  const audio = () => document.querySelector(".st-key-dock audio");
  const wave = () => document.querySelector(".st-key-dock .ser-wave");
  const writes = (e) =>
    e.ctrlKey || e.metaKey || e.altKey || e.isComposing ||
    e.target.closest?.("input, textarea, select, [contenteditable=true]");

  document.addEventListener("keydown", (e) => {
    const sound = audio();
    if (e.key.toLowerCase() !== "k" || !sound || writes(e)) return;
    e.preventDefault();
    if (sound.paused) sound.play();
    else sound.pause();
  });
  document.addEventListener("click", (e) => {
    if (!e.target.closest?.(".ser-skip")) return;
    e.preventDefault();
    document.querySelector(".st-key-dock-clip [data-testid=stPopoverButton]")?.focus();
  });
  document.addEventListener("click", (e) => {
    const shape = e.target.closest?.(".st-key-dock .ser-wave");
    const sound = audio();
    if (!shape || !sound?.duration) return;
    const box = shape.getBoundingClientRect();
    sound.currentTime = ((e.clientX - box.left) / box.width) * sound.duration;
    sound.play();
  });
  // A link from a page whose tab is in the address sends that tab with it. The server sees that the
  // tab is of the page that is left and takes it away, and Streamlit makes that a step of the
  // history of its own: the same page without its tab. It is left out, so that Back leads to the page
  // as it was left.
  const push = history.pushState.bind(history);
  let leaving = 0; // when a link to another page was followed, in ms
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.("a[data-testid=stPageLink-NavLink]");
    const here = e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey && !e.altKey;
    if (link && here && new URL(link.href).pathname !== location.pathname) leaving = Date.now();
  }, true);
  history.pushState = (state, title, url) => {
    const path = new URL(url, location.href).pathname;
    const waits = leaving && Date.now() - leaving < 10000;
    if (waits && path === location.pathname) return;
    leaving = 0;
    push(state, title, url);
  };
  document.addEventListener("timeupdate", (e) => { // does not bubble: heard on the way down
    if (e.target !== audio()) return;
    wave()?.style.setProperty("--played", e.target.currentTime / e.target.duration);
  }, true);
})();
