//! Putting together what is in force.

use super::value::{self, Value};
use super::{Config, Error, FILE_VARIABLE, Flags, Loaded, PASSPHRASE_VARIABLE, file, settings};
use std::path::{Path, PathBuf};

/// Where a file is looked for when none is named.
const SYSTEM_FILE: &str = "/etc/keystead/keystead.toml";
/// How long a deleted key can be restored at the least, in milliseconds: 7 days.
const LEAST_RESTORABLE: i64 = 7 * 24 * 60 * 60 * 1000;
/// Variables that the command line or the master key reads, so that they are no misspelt settings.
const OTHER_VARIABLES: [&str; 6] =
    [FILE_VARIABLE, PASSPHRASE_VARIABLE, "KEYSTEAD_URL", "KEYSTEAD_API_KEY", "KEYSTEAD_CA", "KEYSTEAD_INSTANCE"];

/// Puts together what is in force.
///
/// # Errors
/// The first thing that is wrong.
pub fn load(flags: &Flags, environment: &[(String, String)]) -> Result<Loaded, Error> {
    let mut config = Config::new(default_data());
    let file = chosen_file(flags, environment);
    if let Some(path) = &file {
        file::apply(&mut config, path)?;
    }
    apply_environment(&mut config, environment)?;
    apply_flags(&mut config, flags)?;
    check(&config)?;
    Ok(Loaded { config, file, warnings: unknown_variables(environment) })
}

/// The process's environment, as far as it is Keystead's.
pub fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).filter(|(name, _)| name.starts_with("KEYSTEAD_")).collect()
}

/// Where data is kept unless somebody says otherwise: of the system for root, of the user for others.
pub fn default_data() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/keystead");
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    base.map_or_else(|| PathBuf::from("keystead-data"), |base| base.join("keystead"))
}

fn chosen_file(flags: &Flags, environment: &[(String, String)]) -> Option<PathBuf> {
    let variable = environment.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
    let system = Path::new(SYSTEM_FILE);
    let named = flags.config.clone().or_else(|| variable.map(|(_, value)| PathBuf::from(value)));
    named.or_else(|| system.exists().then(|| system.to_owned()))
}

fn apply_environment(config: &mut Config, environment: &[(String, String)]) -> Result<(), Error> {
    for setting in settings::ALL {
        let variable = environment.iter().find(|(name, _)| *name == setting.variable());
        if let Some((name, value)) = variable.filter(|(_, value)| !value.is_empty()) {
            let problem = |problem| Error::Elsewhere { origin: name.clone(), problem };
            (setting.set)(config, &Value::Text(value)).map_err(problem)?;
        }
    }
    Ok(())
}

fn apply_flags(config: &mut Config, flags: &Flags) -> Result<(), Error> {
    let listen =
        [("kmip_listen", "--kmip-listen", &flags.kmip_listen), ("admin_listen", "--admin-listen", &flags.admin_listen)];
    for (key, flag, value) in listen {
        if let (Some(value), Some(setting)) = (value, settings::find(key)) {
            let problem = |problem| Error::Elsewhere { origin: flag.into(), problem };
            (setting.set)(config, &Value::Text(value)).map_err(problem)?;
        }
    }
    if !flags.names.is_empty() {
        let problem = |problem| Error::Elsewhere { origin: "--name".into(), problem };
        config.names = value::names(&flags.names).map_err(problem)?;
    }
    if let Some(data) = &flags.data {
        config.data.clone_from(data);
    }
    Ok(())
}

fn check(config: &Config) -> Result<(), Error> {
    let key = &config.master_key;
    let sources = [key.file.is_some(), key.passphrase_file.is_some(), !key.share_files.is_empty()];
    if sources.into_iter().filter(|given| *given).count() > 1 {
        return Err(Error::Conflict(
            "master_key.file, master_key.passphrase_file and master_key.share_files exclude each other: keep the one that is true",
        ));
    }
    if config.kmip_listen == config.admin_listen && config.kmip_listen.port() != 0 {
        return Err(Error::Conflict("kmip_listen and admin_listen are the same address: give each its own port"));
    }
    if config.timers.restorable < LEAST_RESTORABLE && !config.timers_for_tests {
        return Err(Error::Conflict(
            "timers.restorable is less than 7 days (604800): a key that is deleted by mistake needs some time to be missed. \
             Only for tests, with timers.for_tests = true, it may be less",
        ));
    }
    if config.timers.purge_at < config.timers.restorable {
        return Err(Error::Conflict(
            "timers.purge_at is less than timers.restorable: a deleted key would be purged while it can still be restored. Make \
             timers.purge_at as long at the least",
        ));
    }
    if config.metrics.listen.is_some_and(|address| !address.ip().is_loopback()) && !config.metrics.open {
        return Err(Error::Conflict(
            "metrics.listen is no address of this machine alone: others could read names of instances and adapters there, in the clear \
             and without a key. Listen on 127.0.0.1, have Prometheus read /metrics at the administration port with an API key, or say \
             so with metrics.open = \"yes\"",
        ));
    }
    let conflict = config.audit.conflict().or_else(|| config.traces.conflict());
    conflict.map_or(Ok(()), |conflict| Err(Error::Conflict(conflict)))
}

fn unknown_variables(environment: &[(String, String)]) -> Vec<String> {
    let known = |name: &str| OTHER_VARIABLES.contains(&name) || settings::ALL.iter().any(|s| s.variable() == name);
    let unknown = environment.iter().map(|(name, _)| name).filter(|name| !known(name));
    unknown.map(|name| format!("the environment variable {name} is no setting of Keystead's and is ignored")).collect()
}
