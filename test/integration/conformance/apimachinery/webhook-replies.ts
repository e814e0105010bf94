import { type AskedReview, patch, type Reply } from '../../support/webhook-server.ts';

/** What these webhooks look at in an object. */
interface Reviewed {
    metadata?: { name?: string; labels?: Record<string, string> };
    data?: Record<string, string>;
    spec?: { containers?: { name: string }[]; initContainers?: unknown[] };
}

const disallowed = 'webhook-disallow';
const key = 'webhook-e2e-test';

const denied = (message: string): Reply => ({ allowed: false, status: { message } });
const objectOf = ({ request }: AskedReview): Reviewed => request.object ?? {};
const oldObjectOf = ({ request }: AskedReview): Reviewed => request.oldObject ?? {};
const waitMs = async (ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms).unref());
};

/** Adds the next stage to the data, when the one before is there. */
function nextStage(review: AskedReview): Reply {
    const { data = {} } = objectOf(review);
    const add = (stage: string): Reply => patch([{ op: 'add', path: `/data/${stage}`, value: 'yes' }]);
    if (data['mutation-start'] === 'yes' && data['mutation-stage-1'] === undefined)
        return add('mutation-stage-1');
    if (data['mutation-stage-1'] === 'yes' && data['mutation-stage-2'] === undefined)
        return add('mutation-stage-2');
    return { allowed: true };
}

/** Whether the data of what is written, or of what is deleted, is as it must not be. */
function checkData(review: AskedReview, what: string): Reply {
    if (review.request.operation === 'DELETE') {
        return oldObjectOf(review).data?.[key] === 'webhook-nondeletable'
            ? denied(`the ${what} cannot be deleted because it contains unwanted key and value`)
            : { allowed: true };
    }
    const thing = what === 'configmap' ? 'key and value' : 'data';
    return objectOf(review).data?.[key] === disallowed
        ? denied(`the ${what} contains unwanted ${thing}`)
        : { allowed: true };
}

async function checkPod(review: AskedReview): Promise<Reply> {
    const { metadata, spec } = objectOf(review);
    const complaints: string[] = [];
    if (metadata?.labels?.[key] === 'wait-forever') {
        await waitMs(30_000);
        return { allowed: true };
    }
    if (spec?.containers?.some(({ name }) => name.includes(disallowed)) === true)
        complaints.push('the pod contains unwanted container name');
    if (metadata?.labels?.[key] === disallowed) complaints.push('the pod contains unwanted label');
    return complaints.length === 0 ? { allowed: true } : denied(complaints.join('; '));
}

/** Behaves as the webhook that the suite deploys. Its slow answer takes 5 s there, and `slowMs` here. */
export function webhookReplies(
    slowMs: number,
): Record<string, (review: AskedReview) => Reply | Promise<Reply>> {
    return {
        '/always-deny': () => denied('this webhook denies all requests'),
        '/always-allow-delay-5s': async () => {
            await waitMs(slowMs);
            return { allowed: true };
        },
        '/pods': checkPod,
        '/pods/attach': ({ request }) =>
            denied(`attaching to pod '${String(request['name'])}' is not allowed`),
        '/configmaps': (review) => checkData(review, 'configmap'),
        '/custom-resource': (review) => checkData(review, 'custom resource'),
        '/crd': (review) =>
            objectOf(review).metadata?.labels?.[key] === disallowed
                ? denied('the crd contains unwanted label')
                : { allowed: true },
        '/mutating-configmaps': nextStage,
        '/mutating-custom-resource': nextStage,
        '/mutating-pods': () =>
            patch([
                {
                    op: 'add',
                    path: '/spec/initContainers',
                    value: [
                        { image: 'webhook-added-image', name: 'webhook-added-init-container', resources: {} },
                    ],
                },
            ]),
        '/add-label': () => patch([{ op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } }]),
    };
}
