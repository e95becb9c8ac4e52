// Loads the classifier as WebAssembly and shows it three digits: node classify.mjs prunella_embed.wasm
import { readFileSync } from "node:fs";

const INK = { " ": 0, ".": 50, ":": 120, "*": 190, "#": 255 };
const SIZE = 28;

// The middle of each image; the classifier sees it centred on 28 x 28 pixels.
const DIGITS = {
    0: [
        "        .::.        ",
        "      .*####*.      ",
        "     :########:     ",
        "    .####::####.    ",
        "    *##*.  .*##*    ",
        "   .###.    .###.   ",
        "   :##*      *##:   ",
        "   *##:      :##*   ",
        "   ###.      .###   ",
        "   ###        ###   ",
        "   ###        ###   ",
        "   ###.      .###   ",
        "   *##:      :##*   ",
        "   :##*      *##:   ",
        "   .###.    .###.   ",
        "    *##*.  .*##*    ",
        "    .####::####.    ",
        "     :########:     ",
        "      .*####*.      ",
        "        .::.        ",
    ],
    3: [
        "       .:::.        ",
        "     .*#####*.      ",
        "    .#########.     ",
        "    *###*:*###*     ",
        "    *##.   .###.    ",
        "    .:.     :##:    ",
        "            :##:    ",
        "           .###.    ",
        "        .:*###*     ",
        "        *#####.     ",
        "        *#####:     ",
        "        .:*####.    ",
        "           .*##*    ",
        "            .###    ",
        "             ###    ",
        "    :*.     .###    ",
        "   :##*.   .*##*    ",
        "   .####*:*####.    ",
        "    :#########:     ",
        "     .*#####*.      ",
    ],
    7: [
        "                    ",
        "                    ",
        "     ...:::***##:   ",
        "   :#############   ",
        "   #############*   ",
        "   :##***:::.*##:   ",
        "            .###.   ",
        "            *##*    ",
        "           .###.    ",
        "           *##*     ",
        "          .###.     ",
        "          *##*      ",
        "         .###.      ",
        "         *##*       ",
        "        .###.       ",
        "        *##*        ",
        "       .###.        ",
        "       *##*         ",
        "       ###.         ",
        "       :#:          ",
    ],
};

function image(rows) {
    const margin = (SIZE - rows.length) / 2;
    const pixels = new Uint8Array(SIZE * SIZE);
    rows.forEach((row, y) => {
        [...row].forEach((ink, x) => {
            pixels[(y + margin) * SIZE + x + margin] = INK[ink];
        });
    });
    return pixels;
}

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]));
const { memory, prunella_new, prunella_pixels, prunella_classify } = instance.exports;

const classifier = prunella_new();
if (classifier === 0) throw new Error("prunella_new: the built-in model cannot be read");
const pixels = new Uint8Array(memory.buffer, prunella_pixels(classifier), SIZE * SIZE);

let wrong = 0;
for (const [digit, rows] of Object.entries(DIGITS)) {
    pixels.set(image(rows));
    const found = prunella_classify(classifier);
    console.log(`a drawn ${digit} is classified as ${found}`);
    if (found !== Number(digit)) wrong += 1;
}
process.exit(wrong === 0 ? 0 : 1);
