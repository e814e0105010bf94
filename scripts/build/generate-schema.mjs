// Generates src/api/schema/generated/ from the models of the official JavaScript client:
//
//   types.ts     TypeScript interfaces of every GA type, in their JSON shape (dates are strings)
//   schema.json  fields, types, formats and required flags (one line of text per type), and the list
//                of served resources
//   docs.json    the documentation sentences, kept apart because only OpenAPI reads them
//
// Nothing is transcribed by hand here except the package names under which OpenAPI publishes types. The models say
// nothing of fields that are objects themselves: sentences for those stand in field-docs.json.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const client = join(root, 'node_modules', '@kubernetes', 'client-node');
const gen = join(client, 'dist', 'gen');
const out = join(root, 'src', 'api', 'schema', 'generated');
const stampFile = join(out, '.stamp');
const fieldDocsFile = join(dirname(fileURLToPath(import.meta.url)), 'field-docs.json');

const stamp = createHash('sha256')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(readFileSync(fieldDocsFile))
    .update(readFileSync(join(client, 'package.json')))
    .digest('hex');
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

/** Group, as in a request path, to the package that OpenAPI names its types after. */
const packageOfGroup = {
    '': 'io.k8s.api.core',
    'admissionregistration.k8s.io': 'io.k8s.api.admissionregistration',
    'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
    'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
    'authentication.k8s.io': 'io.k8s.api.authentication',
    'authorization.k8s.io': 'io.k8s.api.authorization',
    'certificates.k8s.io': 'io.k8s.api.certificates',
    'coordination.k8s.io': 'io.k8s.api.coordination',
    'discovery.k8s.io': 'io.k8s.api.discovery',
    'events.k8s.io': 'io.k8s.api.events',
    'flowcontrol.apiserver.k8s.io': 'io.k8s.api.flowcontrol',
    'networking.k8s.io': 'io.k8s.api.networking',
    'node.k8s.io': 'io.k8s.api.node',
    'rbac.authorization.k8s.io': 'io.k8s.api.rbac',
    'resource.k8s.io': 'io.k8s.api.resource',
    'scheduling.k8s.io': 'io.k8s.api.scheduling',
    'storage.k8s.io': 'io.k8s.api.storage',
};
const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const metaTypes = new Set(
    (
        'APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions FieldSelectorRequirement ' +
        'GroupVersionForDiscovery LabelSelector LabelSelectorRequirement ListMeta ManagedFieldsEntry ObjectMeta ' +
        'OwnerReference Preconditions ServerAddressByClientCIDR Status StatusCause StatusDetails'
    )
        .split(' ')
        .map((name) => 'V1' + name),
);
/** Types that are first met in a group other than the one that defines them. */
const packageOfModel = {
    V1TopologySelectorTerm: 'io.k8s.api.core.v1',
    V1TopologySelectorLabelRequirement: 'io.k8s.api.core.v1',
};
/** Bodies of subresources that belong to another group than the path they are posted to. */
const groupOfSubresourceBody = {
    V1Scale: ['autoscaling', 'v1'],
    V1Eviction: ['policy', 'v1'],
    AuthenticationV1TokenRequest: ['authentication.k8s.io', 'v1'],
};

const isGaVersion = (version) => /^v\d+$/.test(version);
const kindOfModel = (model) => {
    const kind = /^(?:[A-Z][a-z]+)*?V\d+(?:(?:alpha|beta)\d+)?([A-Z].*)$/.exec(model)?.[1];
    if (kind === undefined) throw new Error(`no kind in the model name ${model}`);
    return kind;
};
const unescapeDoc = (text) =>
    text
        .replaceAll("\\'", "'")
        .replaceAll('\\"', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('\\&', '&')
        .replaceAll('*_/', '*/');

// --- Models: fields with types, formats and docs ------------------------------------------------

/** The client's type text, to the schema's type expression. */
function typeExpression(text, format) {
    const array = /^(?:Array|Set)<(.*)>$/.exec(text);
    if (array) return 'array:' + typeExpression(array[1], format);
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(text);
    if (map) return 'map:' + typeExpression(map[1], format);
    switch (text) {
        case 'string':
            return format === '' ? 'string' : `string:${format}`;
        case 'boolean':
            return 'boolean';
        case 'number':
            return format === 'double' ? 'number:double' : `integer:${format || 'int64'}`;
        case 'IntOrString':
            return 'int-or-string';
        case 'Date':
            return 'string:date-time';
        case 'V1MicroTime':
            return 'string:micro-time';
        case 'any':
        case 'object':
            return 'any';
        default:
            return 'ref:' + text;
    }
}

function readModel(name) {
    const js = readFileSync(join(gen, 'models', name + '.js'), 'utf8');
    const dts = readFileSync(join(gen, 'models', name + '.d.ts'), 'utf8');
    const list = /\.attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(js);
    if (!list) throw new Error(`${name}: no attributeTypeMap`);
    const attributes = JSON.parse(list[1]);
    const [, classDoc] = /\/\*\*\n\* ([\s\S]*?)\n\*\/\nexport declare class/.exec(dts) ?? [null, ''];
    const docs = {};
    const optional = new Set();
    for (const match of dts.matchAll(/(?:\/\*\*\n\s+\* ([^\n]*)\n\s+\*\/\n)?\s+'([^']+)'(\?)?: /g)) {
        docs[match[2]] = unescapeDoc(match[1] ?? '');
        if (match[3]) optional.add(match[2]);
    }
    const fields = {};
    for (const { name: property, baseName, type, format } of attributes) {
        fields[baseName] = {
            type: typeExpression(type, format),
            ...(optional.has(property) ? {} : { required: true }),
        };
        if (baseName !== property) docs[baseName] = docs[property] ?? '';
        docs[baseName] ??= '';
    }
    const fieldDocs = Object.fromEntries(Object.keys(fields).map((field) => [field, docs[field]]));
    return { fields, doc: unescapeDoc(classDoc), fieldDocs };
}

const models = new Map();
const refsOf = (fields) =>
    Object.values(fields).flatMap(({ type }) => {
        const ref = /ref:(.*)$/.exec(type);
        return ref ? [ref[1]] : [];
    });
const modelOf = (name) => {
    if (!models.has(name)) models.set(name, readModel(name));
    return models.get(name);
};

// --- Resources: from the request paths of the client's API classes ------------------------------

const verbOfMethod = (operation, httpMethod) => {
    if (operation.startsWith('deleteCollection')) return 'deletecollection';
    if (operation.startsWith('list')) return 'list';
    return { POST: 'create', PUT: 'update', PATCH: 'patch', GET: 'get', DELETE: 'delete' }[httpMethod];
};

const resources = new Map();
for (const file of readdirSync(join(gen, 'apis')).sort()) {
    if (!file.endsWith('Api.js')) continue;
    const js = readFileSync(join(gen, 'apis', file), 'utf8');
    const dts = readFileSync(join(gen, 'apis', file.replace('.js', '.d.ts')), 'utf8');
    const returns = new Map();
    for (const match of dts.matchAll(
        /^ +(\w+)WithHttpInfo\(response: ResponseContext\): Promise<HttpInfo<(\w+) ?>>/gm,
    ))
        returns.set(match[1], match[2]);
    const bodies = new Map();
    for (const match of dts.matchAll(/^ +(\w+)\([^)]*\bbody: (\w+)/gm)) bodies.set(match[1], match[2]);
    for (const match of js.matchAll(
        /async (\w+)\([\s\S]*?const localVarPath = '([^']+)'[\s\S]*?HttpMethod\.(\w+)\)/g,
    )) {
        const [, operation, path, method] = match;
        const parsed =
            /^(?:\/api\/(v1)|\/apis\/([^/]+)\/([^/]+))(\/namespaces\/\{namespace\})?\/([^/{]+)(?:\/\{name\}(?:\/([^{]+?))?(\/\{path\})?)?$/.exec(
                path,
            );
        if (!parsed) continue;
        const group = parsed[2] ?? '';
        const version = parsed[1] ?? parsed[3];
        if (!isGaVersion(version) || group === '{group}' || parsed[7]) continue;
        // "/api/v1/namespaces/{namespace}" parses as a resource only when nothing follows it.
        let [namespaced, plural, subresource] = [parsed[4] !== undefined, parsed[5], parsed[6]];
        if (plural === 'watch') continue;
        const id = `${group}/${version}/${plural}`;
        const resource = resources.get(id) ?? {
            group,
            version,
            plural,
            namespaced: false,
            verbs: new Set(),
            subresources: {},
        };
        resources.set(id, resource);
        if (namespaced) resource.namespaced = true;
        const verb = verbOfMethod(operation, method);
        if (subresource === undefined) {
            if (method === 'POST' || method === 'GET') resource.verbs.add(verb);
            else resource.verbs.add(verb);
            const model =
                verb === 'list'
                    ? undefined
                    : verb === 'create'
                      ? bodies.get(operation)
                      : verb === 'get'
                        ? returns.get(operation)
                        : undefined;
            if (model) resource.model = model;
            if (verb === 'list') resource.listModel ??= returns.get(operation);
        } else {
            const sub = (resource.subresources[subresource] ??= { verbs: new Set() });
            sub.verbs.add(verb);
            const model =
                verb === 'create' || verb === 'update'
                    ? bodies.get(operation)
                    : verb === 'get'
                      ? returns.get(operation)
                      : undefined;
            if (model && /^[A-Z]/.test(model)) sub.model = model;
        }
    }
}
// Namespaces and their subresources are at paths that look like namespaced ones.
{
    const js = readFileSync(join(gen, 'apis', 'CoreV1Api.js'), 'utf8');
    const namespaces = {
        group: '',
        version: 'v1',
        plural: 'namespaces',
        namespaced: false,
        verbs: new Set(['create', 'list']),
        model: 'V1Namespace',
        listModel: 'V1NamespaceList',
        subresources: {},
    };
    for (const match of js.matchAll(
        /const localVarPath = '\/api\/v1\/namespaces\/\{name\}(?:\/(\w+))?'[\s\S]*?HttpMethod\.(\w+)\)/g,
    )) {
        const verb = verbOfMethod('', match[2]);
        if (match[1] === undefined) namespaces.verbs.add(verb);
        else
            (namespaces.subresources[match[1]] ??= { verbs: new Set(), model: 'V1Namespace' }).verbs.add(
                verb,
            );
    }
    resources.set('/v1/namespaces', namespaces);
}

const verbOrder = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const resourceList = [...resources.values()]
    .filter(({ model, listModel }) => model !== undefined || listModel !== undefined)
    .map((resource) => {
        const verbs = new Set(resource.verbs);
        if (verbs.has('list') && resource.plural !== 'componentstatuses') verbs.add('watch');
        const model = resource.model ?? resource.listModel.replace(/List$/, '');
        return {
            group: resource.group,
            version: resource.version,
            plural: resource.plural,
            singular: kindOfModel(model).toLowerCase(),
            kind: kindOfModel(model),
            namespaced: resource.namespaced,
            verbs: verbOrder.filter((verb) => verbs.has(verb)),
            type: model,
            ...(resource.listModel ? { listType: resource.listModel } : {}),
            subresources: Object.fromEntries(
                Object.entries(resource.subresources)
                    .sort(([a], [b]) => (a < b ? -1 : 1))
                    .map(([name, sub]) => [
                        name,
                        {
                            verbs: verbOrder.filter((verb) => sub.verbs.has(verb)),
                            ...(sub.model ? { type: sub.model } : {}),
                        },
                    ]),
            ),
        };
    })
    .sort((a, b) => (`${a.group}/${a.version}/${a.plural}` < `${b.group}/${b.version}/${b.plural}` ? -1 : 1));

// --- Reachable types and their published names --------------------------------------------------

const openapiNames = new Map();
const gvks = new Map();
const addGvk = (model, group, version, kind) => {
    const list = gvks.get(model) ?? [];
    if (!list.some((gvk) => gvk[0] === group && gvk[1] === version)) list.push([group, version, kind]);
    gvks.set(model, list);
};
const packageOf = (group, version) => `${packageOfGroup[group] ?? `io.k8s.api.${group}`}.${version}`;
const visit = (model, inheritedPkg) => {
    if (openapiNames.has(model)) return;
    const pkg = packageOfModel[model] ?? (metaTypes.has(model) ? metaPackage : inheritedPkg);
    openapiNames.set(model, `${pkg}.${kindOfModel(model)}`);
    for (const ref of refsOf(modelOf(model).fields)) visit(ref, pkg);
};
for (const model of metaTypes) visit(model, metaPackage);
for (const [model, [group, version]] of Object.entries(groupOfSubresourceBody)) {
    visit(model, packageOf(group, version));
    addGvk(model, group, version, kindOfModel(model));
}
for (const { group, version, kind, type, listType, subresources } of resourceList) {
    const pkg = packageOf(group, version);
    visit(type, pkg);
    addGvk(type, group, version, kind);
    if (listType) {
        visit(listType, pkg);
        addGvk(listType, group, version, kindOfModel(listType));
    }
    for (const sub of Object.values(subresources)) if (sub.type) visit(sub.type, pkg);
}
for (const model of ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'DeleteOptions', 'Status'])
    addGvk(`V1${model}`, '', 'v1', model);

/** One line per type keeps the loaded schema small: "kind string;metadata! ref:V1ObjectMeta;…". */
const fieldLine = (fields) =>
    Object.entries(fields)
        .map(([field, { type, required }]) => `${field}${required ? '!' : ''} ${type}`)
        .join(';');

/**
 * Sentences for what the models do not describe: `types` by model and field, `everywhere` by the field's name and the
 * model that it refers to, as in "livenessProbe V1Probe".
 */
const fieldDocs = JSON.parse(readFileSync(fieldDocsFile, 'utf8'));
const docOfField = (model, field, type) =>
    fieldDocs.types[model]?.[field] ?? fieldDocs.everywhere[`${field} ${type.replace('ref:', '')}`] ?? '';
for (const [model, own] of Object.entries(fieldDocs.types)) {
    const { fields } = openapiNames.has(model) ? modelOf(model) : { fields: {} };
    for (const field of Object.keys(own))
        if (!Object.hasOwn(fields, field)) throw new Error(`field-docs.json: there is no ${model}.${field}`);
}

const types = {};
const docs = {};
for (const model of [...openapiNames.keys()].sort()) {
    const { fields, doc, fieldDocs: known } = modelOf(model);
    types[model] = {
        name: openapiNames.get(model),
        ...(gvks.has(model) ? { gvks: gvks.get(model) } : {}),
        fields,
    };
    const described = Object.entries(fields).map(([field, { type }]) => [
        field,
        known[field] || docOfField(model, field, type),
    ]);
    docs[model] = { doc, fields: Object.fromEntries(described) };
}

// --- Output -------------------------------------------------------------------------------------

function typescriptType(expression) {
    const [head, ...rest] = expression.split(':');
    const tail = rest.join(':');
    switch (head) {
        case 'array':
            return `${typescriptType(tail).includes('|') ? `(${typescriptType(tail)})` : typescriptType(tail)}[]`;
        case 'map':
            return `Record<string, ${typescriptType(tail)}>`;
        case 'ref':
            return tail;
        case 'integer':
        case 'number':
            return 'number';
        case 'boolean':
            return 'boolean';
        case 'string':
            return 'string';
        case 'int-or-string':
            return 'IntOrString';
        default:
            return 'unknown';
    }
}
const comment = (text, indent) =>
    text ? `${indent}/** ${text.replaceAll('*/', '*\u200b/').replaceAll(/\s+/g, ' ').trim()} */\n` : '';
const property = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
let ts = '// Generated by scripts/build/generate-schema.mjs. Do not edit.\n\n';
ts +=
    '/** A number, or a string such as "50%" or a port\'s name. */\nexport type IntOrString = number | string;\n';
for (const [model, { fields }] of Object.entries(types)) {
    ts += `\n${comment(docs[model].doc, '')}export interface ${model} {\n`;
    for (const [field, { type, required }] of Object.entries(fields)) {
        ts += comment(docs[model].fields[field], '    ');
        ts += `    ${property(field)}${required ? '' : '?'}: ${typescriptType(type)}${required ? '' : ' | undefined'};\n`;
    }
    ts += '}\n';
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'types.ts'), ts);
const compactTypes = Object.fromEntries(
    Object.entries(types).map(([model, type]) => [model, { ...type, fields: fieldLine(type.fields) }]),
);
writeFileSync(join(out, 'schema.json'), JSON.stringify({ types: compactTypes, resources: resourceList }));
writeFileSync(join(out, 'docs.json'), JSON.stringify(docs));
writeFileSync(stampFile, stamp);
console.log(`generated ${Object.keys(types).length} types, ${resourceList.length} resources`);
