// Uses the fonts of the reader's system instead of those of the default theme, because they need no download.
import theme from "vitepress/theme-without-fonts";
import "./style.css";

export default theme;
