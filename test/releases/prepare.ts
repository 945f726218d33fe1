/** Makes the root folders that are not there yet, before the tests, whose time is for themselves. */
import { FOR_RELEASES } from '../packages/recipes.ts';
import { rootfs, whyNoRootfs } from '../packages/rootfs.ts';

if (whyNoRootfs() === undefined) for (const recipe of FOR_RELEASES) rootfs(recipe);
