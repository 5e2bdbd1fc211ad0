//! The pack that a run uses, with the office file laid over it.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::Path;

use anyhow::{Context, bail};

use accordant::pack::{self, Files, Pack, Refused};
use accordant::read::limits;
use accordant::report::mistake;

use super::{Common, complain, disk, show};

/// Loads the pack and the office file that the options name; tells every mistake in them and gives `None`.
pub(super) fn load(common: &Common) -> anyhow::Result<Option<Pack>> {
    with_office(common, load_pack(common, &common.pack)?)
}

/// The same, where nobody asks for the cases of the rules; of a pack that is built in they are left unread. It is never freed
/// piece by piece: the program ends when it is done with it.
pub(super) fn load_to_judge(common: &Common) -> anyhow::Result<Option<ManuallyDrop<Pack>>> {
    let pack = load_by(common, &common.pack, pack::load_embedded_to_judge)?;
    Ok(with_office(common, pack)?.map(ManuallyDrop::new))
}

fn with_office(common: &Common, pack: Option<Pack>) -> anyhow::Result<Option<Pack>> {
    let Some(pack) = pack else {
        return Ok(None);
    };
    let Some(office) = &common.office else {
        return Ok(Some(pack));
    };
    lay_office(common, pack, office)
}

/// Loads a pack by its id or path.
pub(super) fn load_pack(common: &Common, name: &str) -> anyhow::Result<Option<Pack>> {
    load_by(common, name, pack::load_embedded)
}

fn load_by(
    common: &Common,
    name: &str,
    embedded: impl Fn(&str) -> Option<Result<Pack, Refused>>,
) -> anyhow::Result<Option<Pack>> {
    let loaded = match embedded(name) {
        Some(loaded) => {
            tell_of_namesake(common, name);
            loaded
        }
        None => {
            let (folder, files) = pack_files(name)?;
            pack::load(&folder, &files)
        }
    };
    Ok(unless_refused(common, loaded))
}

/// The pack of these files, which stand in a folder of that name.
pub(super) fn load_files(common: &Common, folder: &str, files: &Files) -> Option<Pack> {
    unless_refused(common, pack::load(folder, files))
}

/// A pack that loaded; of another every mistake is told.
fn unless_refused(common: &Common, loaded: Result<Pack, Refused>) -> Option<Pack> {
    match loaded {
        Ok(pack) => Some(pack),
        Err(refused) => {
            show(&mistake::refused(&refused, common.colour_err()));
            None
        }
    }
}

/// Says which pack was taken when a pack's folder of the same name stands here.
fn tell_of_namesake(common: &Common, name: &str) {
    if !common.quiet && Path::new(name).join("pack.toml").is_file() {
        complain(&format!(
            "`{name}` is the pack that is built in; for the folder of that name write `./{name}`"
        ));
    }
}

/// The files of a pack, by its id or path.
pub(super) fn files(name: &str) -> anyhow::Result<Files> {
    match pack::embedded(name) {
        Some(files) => Ok(files),
        None => Ok(pack_files(name)?.1),
    }
}

/// The texts of the TOML files of a pack that was loaded by its id or path, by the names that mistakes in them have.
pub(super) fn texts(name: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let (folder, files) = match pack::embedded(name) {
        Some(files) => (name.to_owned(), files),
        None => pack_files(name)?,
    };
    let toml = files
        .into_iter()
        .filter(|(path, _)| path.ends_with(".toml"));
    let texts = toml.map(|(path, bytes)| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = text
            .strip_prefix('\u{feff}')
            .map(str::to_owned)
            .unwrap_or(text);
        (format!("{folder}/{path}"), text)
    });
    Ok(texts.collect())
}

fn pack_files(name: &str) -> anyhow::Result<(String, Files)> {
    let path = Path::new(name);
    if path.is_dir() {
        return disk::files_of(path);
    }
    let ids: Vec<&str> = pack::embedded_ids().collect();
    bail!(
        "there is no pack `{name}`: it is neither a folder nor one of those built in ({})",
        ids.join(", ")
    )
}

/// Lays an office file over a pack; tells every mistake in it and gives `None`.
pub(super) fn lay_office(
    common: &Common,
    pack: Pack,
    office: &Path,
) -> anyhow::Result<Option<Pack>> {
    let (name, files) = if office.is_dir() {
        disk::files_of(office)?
    } else {
        let bytes = disk::read(office, limits::PACK)
            .with_context(|| format!("cannot read the office file {}", office.display()))?;
        let name = office.file_name().map_or_else(
            || "office.toml".to_owned(),
            |n| n.to_string_lossy().into_owned(),
        );
        (name, Files::from([("office.toml".to_owned(), bytes)]))
    };
    match pack::apply_office(pack, &name, &files) {
        Ok(pack) => {
            let office = pack.office.iter().filter(|_| !common.quiet);
            for (office, warning) in office.flat_map(|o| o.warnings.iter().map(move |w| (o, w))) {
                let text = office.texts.get(&warning.file).map(String::as_str);
                show(&format!(
                    "{}\n",
                    mistake::draw(warning, text, common.colour_err())
                ));
            }
            Ok(Some(pack))
        }
        Err(refused) => {
            show(&mistake::refused(&refused, common.colour_err()));
            Ok(None)
        }
    }
}
