/**
 * Makes the outputs of two servers comparable: identifiers, addresses, versions, times and sizes become
 * placeholders; identifiers are numbered by their first appearance.
 */
export class Normaliser {
    readonly #ids = new Map<string, string>();

    text(output: string): string {
        return output
            .replace(
                /"(cluster_id|member_id|ID|raft_term|raftTerm|raftIndex|raftAppliedIndex|leader)":\d+/g,
                '"$1":0',
            )
            .replace(
                /"(ClusterID|MemberID|RaftTerm|Lease|ID|PeerURLs?|RaftIndex|RaftAppliedIndex|Leader)" : (\d+|\S+)/g,
                '"$1" : 0',
            )
            .replace(/"(lease|hash|dbSize|dbSizeInUse|grantedTTL|ttl)":\d+/gi, '"$1":0')
            .replace(/https?:\/\/127\.0\.0\.1:\d+/g, 'URL')
            .replace(/\b[0-9a-f]{10,16}\b/g, (id) => this.#idOf(id))
            .replace(/\b3\.[45]\.\d+\b/g, 'VERSION')
            .replace(/attached keys\(\[(.*)\]\)/g, (_, keys: string) => keys.split(' ').sort().join(' '))
            .replace(/ {2,}/g, ' ')
            .replace(/took = \S+/g, 'took = TIME')
            .replace(/\b\d+(\.\d+)? [kMG]?B\b/g, 'SIZE')
            .replace(/remaining\(\d+s\)/g, 'remaining(TIME)');
    }

    #idOf(id: string): string {
        let name = this.#ids.get(id);
        if (name === undefined) {
            name = `ID${this.#ids.size + 1}`;
            this.#ids.set(id, name);
        }
        return name;
    }
}
