/** `npm run docs`: writes anew what of `docs/` comes from the code. A test says when that was forgotten. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../repository.ts';
import { pages } from './pages.ts';

for (const [path, text] of Object.entries(pages())) writeFileSync(join(ROOT, path), text);
