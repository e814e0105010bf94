import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1123Label, isDns1123Subdomain } from '../../meta/names.ts';
import type {
    FlowcontrolV1Subject,
    V1FlowSchema,
    V1NonResourcePolicyRule,
    V1PolicyRulesWithSubjects,
    V1ResourcePolicyRule,
} from '../../schema/generated/types.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { each, formatErrors, isBlank, items } from '../validation/basic.ts';
import { mandatoryFlowControl } from './bootstrap.ts';
import { conditionErrors } from './conditions.ts';

type Schema = Incomplete<V1FlowSchema>;
type Spec = NonNullable<Schema['spec']>;

const precedenceDefault = 1000;
const precedenceMax = 10_000;
const distinguisherMethods = ['ByNamespace', 'ByUser'];
const supportedVerbs = [
    'create',
    'delete',
    'deletecollection',
    'get',
    'list',
    'patch',
    'proxy',
    'update',
    'watch',
];
const namespaceIntro = "each member of this list must be '*' or a DNS-1123 label; ";

function validate(schema: Schema): FieldError[] {
    const { spec = {}, metadata } = schema;
    const name = metadata?.name ?? '';
    const errors = [
        ...precedenceErrors(spec, name),
        ...distinguisherErrors(spec),
        ...levelErrors(spec.priorityLevelConfiguration?.name),
        ...each(spec.rules, 'spec.rules', ruleErrors),
    ];
    const mandatory = mandatoryFlowControl.flowSchemas.find((one) => one.metadata?.name === name);
    if (mandatory !== undefined && !semanticEqual(spec, mandatory.spec)) {
        errors.push(fieldErrors.invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
    }
    return [...errors, ...conditionErrors(schema.status?.conditions)];
}

function precedenceErrors({ matchingPrecedence: value = 0 }: Spec, name: string): FieldError[] {
    const invalid = (detail: string): FieldError[] => [
        fieldErrors.invalid('spec.matchingPrecedence', value, detail),
    ];
    if (value <= 0) return invalid('must be a positive value');
    if (value > precedenceMax) return invalid(`must not be greater than ${precedenceMax}`);
    if (value === 1 && name !== 'exempt') {
        return invalid("only the schema named 'exempt' may have matchingPrecedence 1");
    }
    return [];
}

function distinguisherErrors({ distinguisherMethod }: Spec): FieldError[] {
    if (distinguisherMethod === undefined) return [];
    const { type = '' } = distinguisherMethod;
    return distinguisherMethods.includes(type)
        ? []
        : [fieldErrors.notSupported('spec.distinguisherMethod.type', type, distinguisherMethods)];
}

function levelErrors(name = ''): FieldError[] {
    const path = 'spec.priorityLevelConfiguration.name';
    return name === ''
        ? [fieldErrors.required(path, 'must reference a priority level')]
        : formatErrors(name, path, isDns1123Subdomain(name));
}

function ruleErrors(rule: Incomplete<V1PolicyRulesWithSubjects>, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (items(rule.subjects).length === 0) {
        errors.push(fieldErrors.required(`${path}.subjects`, 'subjects must contain at least one value'));
    }
    errors.push(...each(rule.subjects, `${path}.subjects`, subjectErrors));
    if (items(rule.resourceRules).length === 0 && items(rule.nonResourceRules).length === 0) {
        const detail = 'at least one of resourceRules and nonResourceRules has to be non-empty';
        errors.push(fieldErrors.required(path, detail));
    }
    return [
        ...errors,
        ...each(rule.resourceRules, `${path}.resourceRules`, resourceRuleErrors),
        ...each(rule.nonResourceRules, `${path}.nonResourceRules`, nonResourceRuleErrors),
    ];
}

const memberOfKind = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
const kindsOfMembers = [
    ['serviceAccount', 'ServiceAccount'],
    ['user', 'User'],
    ['group', 'Group'],
] as const;

function subjectErrors(subject: Incomplete<FlowcontrolV1Subject>, path: string): FieldError[] {
    const { kind = '' } = subject;
    if (!Object.hasOwn(memberOfKind, kind)) {
        return [fieldErrors.notSupported(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User'])];
    }
    const expected = memberOfKind[kind as keyof typeof memberOfKind];
    const errors =
        expected === 'serviceAccount'
            ? serviceAccountErrors(subject.serviceAccount, `${path}.serviceAccount`)
            : nameErrors(subject[expected], { path: `${path}.${expected}`, member: expected, kind });
    for (const [member, owner] of kindsOfMembers) {
        if (member === expected || subject[member] === undefined) continue;
        const detail = `${member} is forbidden when subject kind is not '${owner}'`;
        errors.push(fieldErrors.forbidden(`${path}.${member}`, detail));
    }
    return errors;
}

function nameErrors(
    subject: { name?: string | undefined } | undefined,
    { path, member, kind }: { path: string; member: string; kind: string },
): FieldError[] {
    if (subject === undefined) {
        return [fieldErrors.required(path, `${member} is required when subject kind is '${kind}'`)];
    }
    return isBlank(subject.name) ? [fieldErrors.required(`${path}.name`)] : [];
}

function serviceAccountErrors(
    account: Incomplete<FlowcontrolV1Subject>['serviceAccount'],
    path: string,
): FieldError[] {
    if (account === undefined) {
        const detail = "serviceAccount is required when subject kind is 'ServiceAccount'";
        return [fieldErrors.required(path, detail)];
    }
    const { name = '', namespace = '' } = account;
    const errors: FieldError[] = [];
    if (name === '') errors.push(fieldErrors.required(`${path}.name`));
    else if (name !== '*') errors.push(...formatErrors(name, `${path}.name`, isDns1123Subdomain(name)));
    if (namespace === '') {
        const detail = 'must specify namespace for service account';
        return [...errors, fieldErrors.required(`${path}.namespace`, detail)];
    }
    return [...errors, ...formatErrors(namespace, `${path}.namespace`, isDns1123Label(namespace))];
}

function verbErrors(verbs: readonly string[], path: string): FieldError[] {
    if (verbs.length === 0) return [fieldErrors.required(path, 'verbs must contain at least one value')];
    if (verbs.includes('*')) return aloneErrors(verbs, path, 'verbs');
    return verbs.every((verb) => supportedVerbs.includes(verb))
        ? []
        : [fieldErrors.notSupported(path, verbs, supportedVerbs)];
}

/** A wildcard makes every other member pointless. */
function aloneErrors(list: readonly string[], path: string, what: string): FieldError[] {
    if (!list.includes('*') || list.length === 1) return [];
    return [fieldErrors.invalid(path, list, `if '*' is present, must not specify other ${what}`)];
}

function resourceRuleErrors(rule: Incomplete<V1ResourcePolicyRule>, path: string): FieldError[] {
    const errors = verbErrors(items(rule.verbs), `${path}.verbs`);
    for (const [field, noun, plural] of [
        ['apiGroups', 'api group', 'api groups'],
        ['resources', 'resource', 'resources'],
    ] as const) {
        const list = items(rule[field]);
        if (list.length === 0) {
            const detail = `resource rules must supply at least one ${noun}`;
            errors.push(fieldErrors.required(`${path}.${field}`, detail));
        } else errors.push(...aloneErrors(list, `${path}.${field}`, plural));
    }
    return [...errors, ...namespaceErrors(rule, `${path}.namespaces`)];
}

function namespaceErrors(rule: Incomplete<V1ResourcePolicyRule>, path: string): FieldError[] {
    const namespaces = items(rule.namespaces);
    if (namespaces.length === 0 && rule.clusterScope !== true) {
        const detail = 'resource rules that are not cluster scoped must supply at least one namespace';
        return [fieldErrors.required(path, detail)];
    }
    if (namespaces.includes('*')) return aloneErrors(namespaces, path, 'namespaces');
    return each(namespaces, path, (name, itemPath) =>
        formatErrors(
            name,
            itemPath,
            isDns1123Label(name).map((message) => namespaceIntro + message),
        ),
    );
}

function nonResourceRuleErrors(rule: Incomplete<V1NonResourcePolicyRule>, path: string): FieldError[] {
    const urls = items(rule.nonResourceURLs);
    const errors = verbErrors(items(rule.verbs), `${path}.verbs`);
    const urlPath = `${path}.nonResourceURLs`;
    if (urls.length === 0) {
        const detail = 'nonResourceURLs must contain at least one value';
        return [...errors, fieldErrors.required(urlPath, detail)];
    }
    if (urls.includes('*')) return [...errors, ...aloneErrors(urls, urlPath, 'non-resource URLs')];
    return [...errors, ...each(urls, urlPath, urlErrors)];
}

function urlErrors(url: string, path: string): FieldError[] {
    const detail = urlProblem(url);
    return detail === undefined ? [] : [fieldErrors.invalid(path, url, detail)];
}

function urlProblem(url: string): string | undefined {
    if (url === '') return 'must not be empty';
    if (!url.startsWith('/')) return 'must start with slash';
    if (url.includes(' ')) return 'must not contain white-space';
    if (url.includes('//')) return 'must not contain double slash';
    const star = url.indexOf('*');
    return star < 0 || (star === url.length - 1 && url.endsWith('/*'))
        ? undefined
        : 'wildcard can only do suffix matching';
}

export const flowSchemaStrategy: Strategy<Schema> = withStatus<Schema>({
    hasGeneration: true,
    statusKeepsMetadata: true,
    defaults({ spec }) {
        if (spec !== undefined) spec.matchingPrecedence ||= precedenceDefault;
    },
    validate,
    validateUpdate: (schema) => validate(schema),
    validateStatusUpdate: ({ status }) => conditionErrors(status?.conditions),
    columns: [
        nameColumn,
        column('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration?.name ?? ''),
        column('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
        column('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>'),
        ageColumn,
        column(
            'MissingPL',
            ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
        ),
    ],
});
