// The result of an attempt: formulas, and a link to the log opens it.
import { typeset } from "./maths.js";

typeset(document.getElementById("main"));
const log = document.getElementById("log");
const open = () => { if (location.hash === "#log") log.open = true; };
open();
addEventListener("hashchange", open);
