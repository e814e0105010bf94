import { FunctionTable } from '../functions.ts';
import { calendar } from './calendar.ts';
import { conversions } from './conversions.ts';
import { namedFormats } from './formats.ts';
import { listExtension } from './list-extension.ts';
import { lists } from './lists.ts';
import { network } from './network.ts';
import { operators } from './operators.ts';
import { optionals } from './optionals.ts';
import { quantities } from './quantities.ts';
import { regexes } from './regex.ts';
import { semvers } from './semvers.ts';
import { strings } from './strings.ts';
import { urls } from './urls.ts';

/** The functions of the language and those that Kubernetes adds, in every environment. */
export const standardFunctions = new FunctionTable([
    ...operators,
    ...conversions,
    ...strings,
    ...calendar,
    ...optionals,
    ...lists,
    ...listExtension,
    ...regexes,
    ...urls,
    ...quantities,
    ...network,
    ...namedFormats,
    ...semvers,
]);
