"""KEDA's redis-streams scaler, as far as it decides: the same commands, the same conclusions from the same answers."""

import redis


def waiting(client, stream, group):
    """The lag trigger: what the metric is. Above 0 it is active."""
    info = client.execute_command("INFO")
    assert "redis_version" in str(info)
    try:
        groups = client.execute_command("XINFO", "GROUPS", stream)
    except redis.ResponseError as error:
        if str(error) == "no such key":
            return 0
        # Whatever else it is, the scaler goes on as if there were no groups.
        groups = []
    for fields in groups:
        fields = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2]))
        if fields["name"] == group:
            # Redis does not know: the client library of the scaler reads null as -1.
            return -1 if fields["lag"] is None else fields["lag"]
    return client.execute_command("XLEN", stream)


def in_work(client, stream, group):
    """The pending trigger. Without the group it fails, which is what fallback is for."""
    answer = client.execute_command("XPENDING", stream, group)
    return answer["pending"] if isinstance(answer, dict) else answer[0]


def desired(metrics, targets, lowest, highest):
    """What the autoscaler makes of several metrics: the largest wish, within the bounds."""
    wishes = [-(-metric // target) for metric, target in zip(metrics, targets)]
    return max(lowest, min(highest, max(wishes)))
