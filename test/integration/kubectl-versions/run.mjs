// Bundles the tour of kubectl and runs it: npm run tour -- [--all | --versions 1.20,1.33] [--rewrite] [CHAPTER …]
import { runBundled } from '../../../scripts/lib/run-bundled.mjs';

await runBundled(import.meta.url, 'tour');
