import { examples, namespace, widget } from './objects.ts';
import { badRequest, conflict, invalid, notFound, type Refusal, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;
const options = (...errors: string[]) => invalid('DeleteOptions.meta.k8s.io', '', ...errors);

const row = (name: string, body: object | string, expect: Refusal, path = `${maps}/right`): WrongRequest => ({
    name,
    method: 'DELETE',
    path,
    body,
    expect,
});

export function deletions(): WrongRequest[] {
    return [
        row(
            'both ways to say what happens to dependents',
            { orphanDependents: true, propagationPolicy: 'Foreground' },
            options(
                'propagationPolicy: Invalid value: "Foreground": orphanDependents and deletionPropagation cannot be both set',
            ),
        ),
        row(
            'an unknown policy',
            { propagationPolicy: 'foreground' },
            options(
                'propagationPolicy: Unsupported value: "foreground": supported values: "Foreground", "Background", "Orphan", "nil"',
            ),
        ),
        row(
            'an unknown kind of dry run',
            { dryRun: ['All', 'Most'] },
            options('dryRun: Unsupported value: ["All","Most"]: supported values: "All"'),
        ),
        row(
            'another uid',
            { preconditions: { uid: 'other' } },
            conflict(
                /^Operation cannot be fulfilled on configmaps "right": the UID in the precondition \(other\) does not match the UID in record \([-0-9a-f]{36}\)\. The object might have been deleted and then recreated$/,
            ),
        ),
        row(
            'another resourceVersion',
            { preconditions: { resourceVersion: '1' } },
            conflict(
                /^Operation cannot be fulfilled on configmaps "right": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/,
            ),
        ),
        row(
            'a text for the grace period',
            { gracePeriodSeconds: 'soon' },
            badRequest(
                /cannot unmarshal string into Go struct field DeleteOptions\.gracePeriodSeconds of type int64/,
            ),
        ),
        row(
            'a list for the policy',
            { propagationPolicy: [] },
            badRequest(
                /cannot unmarshal array into Go struct field DeleteOptions\.propagationPolicy of type/,
            ),
        ),
        row('another kind', { apiVersion: 'v1', kind: 'Pod' }, badRequest(/DeleteOptions/)),
        row('no JSON', 'delete it', badRequest(/invalid character 'd' looking for beginning of value/)),
        row('what is not there', {}, notFound('configmaps "absent" not found'), `${maps}/absent`),
        row(
            'a collection with an unknown policy',
            { propagationPolicy: 'x' },
            options(
                'propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil"',
            ),
            maps,
        ),
        row(
            'a custom resource with another uid',
            { preconditions: { uid: 'other' } },
            conflict(/the UID in the precondition \(other\)/),
            `${widget.collection}/right`,
        ),
        row(
            'a pod with another resourceVersion',
            { preconditions: { resourceVersion: '1' } },
            conflict(/the ResourceVersion in the precondition \(1\)/),
            `/api/v1/namespaces/${namespace}/pods/right`,
        ),
        row(
            'a namespace with another uid',
            { preconditions: { uid: 'other' } },
            conflict(/UID in precondition: other|UID in the precondition \(other\)/),
            '/api/v1/namespaces/other',
        ),
    ];
}
