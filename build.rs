//! Embeds the packs under `rules/` in the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("rules");
    let mut code = String::from(
        "/// Each pack's id, the digest of its files, and the files.\nstatic PACKS: &[(&str, &str, &[(&str, &[u8])])] = &[\n",
    );
    for pack in sorted(&root)?
        .into_iter()
        .filter(|p| p.join("pack.toml").is_file())
    {
        let mut found = BTreeMap::new();
        for file in files(&pack)? {
            found.insert(
                file.strip_prefix(&pack)
                    .unwrap_or(&file)
                    .to_string_lossy()
                    .replace('\\', "/"),
                file,
            );
        }
        let _ = writeln!(code, "    ({:?}, {:?}, &[", name(&pack), digest(&found)?);
        for (path, file) in found {
            let _ = writeln!(
                code,
                "        ({path:?}, include_bytes!({:?})),",
                file.display().to_string()
            );
        }
        code.push_str("    ]),\n");
    }
    code.push_str("];\n");
    fs::write(
        PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("packs.rs"),
        code,
    )
}

/// The digest of a pack's files, as `pack::load` makes it of a pack on disk.
fn digest(files: &BTreeMap<String, PathBuf>) -> io::Result<String> {
    let mut hash = Sha256::new();
    for (path, file) in files {
        let bytes = fs::read(file)?;
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    }
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Every file under a folder, hidden ones apart.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in sorted(folder)?
        .into_iter()
        .filter(|p| !name(p).starts_with('.'))
    {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
