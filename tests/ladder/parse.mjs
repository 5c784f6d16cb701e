// SPDX-License-Identifier: GPL-2.0-or-later
// parse.mjs FILE...: what Mermaid says of each diagram; exit status 1 where it does not understand one.
import fs from 'node:fs';
import {JSDOM} from 'jsdom';

const dom = new JSDOM('<!DOCTYPE html><body></body>', {pretendToBeVisual: true});
global.window = dom.window;
global.document = dom.window.document;
for (const name of ['Element', 'HTMLElement', 'SVGElement', 'Node', 'DocumentFragment', 'NodeFilter', 'DOMParser']) {
    global[name] = dom.window[name];
}
const {default: mermaid} = await import('mermaid');
mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
let failed = 0;
for (const file of process.argv.slice(2)) {
    try {
        const {diagramType} = await mermaid.parse(fs.readFileSync(file, 'utf8'));
        if (diagramType !== 'sequence') {
            throw new Error(`taken for a diagram of another kind: ${diagramType}`);
        }
    } catch (error) {
        failed++;
        console.log(`${file}: ${error.message}`);
    }
}
console.log(`${process.argv.length - 2} diagrams, ${failed} that Mermaid does not understand`);
process.exit(failed ? 1 : 0);
