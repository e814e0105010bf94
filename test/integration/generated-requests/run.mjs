// Bundles the run of generated requests and starts it: npm run fuzz -- [--minutes N] [--seed S [--path P]] [--keep-going]
import { runBundled } from '../../../scripts/lib/run-bundled.mjs';

await runBundled(import.meta.url, 'fuzz');
