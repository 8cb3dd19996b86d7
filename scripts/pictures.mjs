// npm run pictures [-- DIRECTORY]: screenshots of maand ui from real deploys, for docs/pictures. Needs root, a build
// and Chromium.
import { createJiti } from "jiti";

const { takePictures } = await createJiti(import.meta.url).import("../test/support/ui/take-pictures.ts");
await takePictures(process.argv[2] ?? new URL("../docs/pictures", import.meta.url).pathname);
