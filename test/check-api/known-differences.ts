/** What differs and shall, with the reason. `where` is matched against a difference's place. */
export const knownDifferences: readonly { where: RegExp; reason: string }[] = [
    {
        where: /^(GET|HEAD) \/logs\//,
        reason: 'files of the machine are not served: no client asks the API server for them',
    },
    {
        where: /^GET \/apis\/(internal\.apiserver|storagemigration)\.k8s\.io\/$/,
        reason: 'groups that have no stable version are not served',
    },
    {
        where: /^type io\.k8s\.apimachinery\.pkg\.apis\.meta\.v1\.(DeleteOptions|WatchEvent) .*group-version-kind/,
        reason: 'the list of groups that know the type has the served groups alone',
    },
];
