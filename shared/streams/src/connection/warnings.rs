//! Looks at how Redis is set up. Everything comes from INFO, which even a user without CONFIG may call.

use fred::interfaces::ClientLike;

use super::CommandClient;

const OLDEST: (u32, u32) = (7, 0);

pub(super) async fn of(client: &CommandClient) -> Vec<String> {
    match Box::pin(client.info::<String>(None)).await {
        Ok(info) => judge(&info),
        Err(error) => {
            tracing::debug!(%error, "Redis does not tell how it is set up");
            Vec::new()
        }
    }
}

fn judge(info: &str) -> Vec<String> {
    let value =
        |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
    let mut warnings = Vec::new();
    if let Some(version) = value("redis_version").filter(|version| is_too_old(version)) {
        warnings.push(format!("Redis {version} is too old: upgrade it to 7.0 or newer."));
    }
    if value("aof_enabled") == Some("0") {
        warnings.push(
            "Redis keeps no append-only file, so a restart loses messages: set `appendonly yes`.".to_owned(),
        );
    }
    if let Some(policy) = value("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        warnings.push(format!(
            "Redis may throw messages away when memory is short (maxmemory-policy {policy}): set `maxmemory-policy noeviction`."
        ));
    }
    warnings
}

fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) < OLDEST,
        // Not a number: a fork that names itself; it knows best.
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_sentence() {
        let info = "redis_version:6.2.14\r\naof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        let warnings = judge(info);
        assert_eq!(warnings.len(), 3);
        for (warning, advice) in
            warnings.iter().zip(["7.0", "`appendonly yes`", "`maxmemory-policy noeviction`"])
        {
            assert!(warning.contains(advice), "{warning}");
        }
    }

    #[test]
    fn a_good_server_and_a_silent_one_get_none() {
        assert!(judge("redis_version:7.0.15\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n").is_empty());
        assert!(judge("redis_version:7.2.4\nvalkey_version:8.0.1\n").is_empty());
        assert!(judge("").is_empty());
    }
}
