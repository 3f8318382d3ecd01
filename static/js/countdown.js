// The clock of an attempt. The server's deadline counts; ours only shows it.

/** Seconds as "18:07". */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Show the time left once a second, say when one minute is left, and call `over` once at the end. */
export function countdown({ deadline, skew, texts, over }) {
  const box = document.getElementById("clock");
  const left = () => (deadline - (Date.now() + skew)) / 1000;
  let warned = left() < 60;
  box.hidden = false;
  const timer = setInterval(show, 500);
  show();

  function show() {
    const seconds = left();
    document.getElementById("left").textContent = clock(seconds);
    box.classList.toggle("warn", seconds < 60);
    if (!warned && seconds <= 60) {
      warned = true;
      document.getElementById("alert").textContent = texts.minuteLeft;
    }
    if (seconds > 0) return;
    clearInterval(timer);
    over();
  }
}
