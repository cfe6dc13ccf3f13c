// Play and pause by K, a click on the waveform, how far the sound has been played, and the way of
// the keyboard from the top of the page to the choice of the clip.
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
  document.addEventListener("timeupdate", (e) => { // does not bubble: heard on the way down
    if (e.target !== audio()) return;
    wave()?.style.setProperty("--played", e.target.currentTime / e.target.duration);
  }, true);
})();
