//! Pages in a browser: what a person sees, does with the keyboard and prints, and that no fault of accessibility stands in the way.
//! Chromium is driven by chromedriver, which `.ci/programs` installs where it is missing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::memory::compare::{Comparison, Side};
use accordant::pack::Audience;
use accordant::read::{self, File};
use accordant::report::{compare, html};
use accordant::review::Review;
use serde_json::{Value, json};

use super::plans::Plan;
use super::{project, set_aside, shipped, submission};

/// A browser with one window.
struct Browser {
    driver: Child,
    /// What the driver says: it ends when nobody listens.
    _said: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Browser {
    fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: `.ci/programs` does it");
        let mut said = BufReader::new(driver.stdout.take().expect("it speaks"));
        let mut lines = said.by_ref().lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.rsplit_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut browser = Browser {
            driver,
            port: port.expect("it says its port"),
            _said: said,
            session: String::new(),
        };
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ];
        let options = json!({"args": args, "binary": program("chromium")});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let session = browser.call("POST", "/session", &wanted);
        session["sessionId"]
            .as_str()
            .expect("a session")
            .clone_into(&mut browser.session);
        browser
    }

    /// A command of `WebDriver`, by plain HTTP.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let body = body.to_string();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("it reads");
        let wait = std::time::Duration::from_secs(300);
        stream.set_read_timeout(Some(wait)).expect("it waits");
        let mut answer = BufReader::new(stream);
        let heads = answer.by_ref().lines().map_while(Result::ok);
        let heads = heads.take_while(|line| !line.is_empty());
        let length = heads.fold(0, |length, line| match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                value.trim().parse().expect("a length")
            }
            _ => length,
        });
        let mut text = vec![0; length];
        answer.read_exact(&mut text).expect("it answers");
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        assert!(value["value"]["error"].is_null(), "{path}: {value}");
        value["value"].clone()
    }

    /// A command of Chromium's own protocol.
    fn cdp(&self, cmd: &str, params: &Value) -> Value {
        let path = format!("/session/{}/goog/cdp/execute", self.session);
        self.call("POST", &path, &json!({"cmd": cmd, "params": params}))
    }

    /// What an expression of JavaScript comes to; a promise is waited for.
    fn js(&self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let told = self.cdp("Runtime.evaluate", &asked);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    fn text(&self, expression: &str) -> String {
        self.js(expression).as_str().unwrap_or_default().to_owned()
    }

    fn go(&self, page: &Path) {
        let path = format!("/session/{}/url", self.session);
        let url = format!("file://{}", page.display());
        self.call("POST", &path, &json!({"url": url}));
    }

    fn look(&self, width: u32, scheme: &str) {
        let size =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.cdp("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", &scheme);
    }

    fn key(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let pressed = json!({"type": kind, "key": key, "code": key});
            self.cdp("Input.dispatchKeyEvent", &pressed);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver alone can end the browser, also when a test fails.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let path = format!("/session/{}", self.session);
            let ended = "Host: localhost\r\nContent-Length: 0\r\n\r\n";
            let _ = write!(stream, "DELETE {path} HTTP/1.1\r\n{ended}");
            let _ = stream.read(&mut [0; 512]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a path");
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    let found = places.find(|place| place.exists());
    found.unwrap_or_else(|| panic!("{name} is installed: `.ci/programs` does it"))
}

/// The review of some plans of the fixtures, with whole rows.
fn reviewed(public: bool) -> BatchReview {
    let pack = shipped("alliance");
    let mut plans = Vec::new();
    for name in ["fy2027/windham", "fy2027/new-britain", "fy2027/danbury"] {
        let folder = project("fixtures").join(name);
        let entries = std::fs::read_dir(folder).expect("the fixtures are there");
        let mut files: Vec<File> = entries
            .map(|entry| entry.expect("a file"))
            .map(|entry| File {
                path: format!("{name}/{}", entry.file_name().to_string_lossy()),
                bytes: std::fs::read(entry.path()).expect("it can be read"),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        plans.push(read::read_folder(&pack.schema, name, &files));
    }
    let options = Options {
        expects_all: true,
        draws_rows: true,
        public,
        ..Options::default()
    };
    Reviewer::new(&pack, options).review_all(&plans, |plan| vec![plan.clone()])
}

/// The pages of a batch in a folder.
fn written(batch: &BatchReview) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let stems: Vec<String> = (0..batch.reviews.len()).map(|n| format!("p{n}")).collect();
    for page in html::pages(batch, &stems) {
        std::fs::write(folder.path().join(page.name), page.text).expect("it can be written");
    }
    folder
}

/// The page of a comparison: a plan that was to be changed, and the next year's.
fn comparison() -> String {
    let pack = shipped("alliance");
    let [old, new] = ["defects/budget-within-funds", "fy2028/windham"].map(Plan::of_folder);
    let (old, new) = (old.read(&pack), new.read(&pack));
    let reviewer = Reviewer::new(&pack, Options::default()).noting_subjects();
    let (was, is) = (reviewer.review(&old), reviewer.review(&new));
    let side = |plan, review| Side { plan, review };
    compare::html(&Comparison::new(&pack, side(&old, &was), side(&new, &is)))
}

#[test]
fn no_page_has_a_serious_fault_of_accessibility_or_scrolls_sideways() {
    let axe = project("target/axe/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("`.ci/programs` fetches axe-core");
    let folder = written(&reviewed(false));
    std::fs::write(folder.path().join("compare.html"), comparison()).expect("it can be written");
    let browser = Browser::open();
    // The plans stand in the order of their paths: danbury, new-britain, windham.
    for page in [
        "index.html",
        "p1.html",
        "rule-amount-positive.html",
        "compare.html",
    ] {
        for (width, scheme) in [
            (1280, "light"),
            (1280, "dark"),
            (390, "light"),
            (390, "dark"),
        ] {
            browser.look(width, scheme);
            browser.go(&folder.path().join(page));
            let seen = format!("{page} at {width} in {scheme}");
            let wide = browser.js("document.documentElement.scrollWidth - innerWidth");
            assert!(wide.as_i64() <= Some(0), "{seen}: {wide} too wide");
            let loaded = browser.js("performance.getEntriesByType('resource').length");
            assert_eq!(loaded, 0, "{seen}: something was loaded");
            browser.js("document.querySelectorAll('details').forEach(d => d.open = true)");
            browser.js(&format!("{axe};0"));
            let faults = browser.js(
                "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
                   .filter(v => v.impact === 'serious' || v.impact === 'critical')
                   .map(v => v.id + ': ' + v.nodes.slice(0, 5).map(n => n.target + ' ' + n.failureSummary).join(' | ')))",
            );
            assert_eq!(faults, json!([]), "{seen}");
        }
    }
}

#[test]
fn the_matrix_is_read_by_pointer_and_by_keyboard() {
    let folder = written(&reviewed(false));
    let browser = Browser::open();
    browser.look(1280, "light");
    browser.go(&folder.path().join("index.html"));
    let told = || browser.text("document.getElementById('told').textContent");
    let reached = browser.js("document.querySelectorAll('#matrix tbody td[tabindex]').length");
    assert_eq!(reached, 1, "one cell is reached with the Tab key");
    browser.js("document.querySelector('#matrix td[tabindex]').focus()");
    let first = told();
    assert!(first.contains(": "), "{first}");
    browser.key("ArrowRight");
    browser.key("ArrowDown");
    let second = told();
    assert_ne!(first, second);
    let at = browser.text(
        "document.activeElement.cellIndex + ',' + document.activeElement.parentNode.rowIndex",
    );
    assert_eq!(at, "2,2");
    let place = browser.js(
        "(() => { const c = document.querySelector('#matrix td.f'); c.scrollIntoView({block: 'center', inline: 'center'});
           const r = c.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, c.dataset.t]; })()",
    );
    let moved = json!({"type": "mouseMoved", "x": place[0], "y": place[1]});
    browser.cdp("Input.dispatchMouseEvent", &moved);
    let message = place[2].as_str().expect("a message");
    assert!(told().ends_with(message), "{} / {message}", told());
    let shown = "[...document.querySelectorAll('#matrix tbody tr:not([hidden])')].length";
    browser.js("(() => { const i = document.getElementById('by-name'); i.value = 'wind'; i.dispatchEvent(new Event('input')); })()");
    assert_eq!(browser.js(shown), 1);
    let opened = "document.activeElement.click(); location.href";
    browser.js("document.querySelector('#matrix tbody tr:not([hidden]) td[data-t]').focus()");
    assert!(!browser.text(opened).is_empty());
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "how long it took is for whoever asks with --nocapture"
)]
fn five_hundred_submissions_open_and_sort_without_a_wait() {
    let few = reviewed(false);
    let mut batch = few.clone();
    (batch.reviews, batch.entries) = (Vec::new(), Vec::new());
    for n in 0..500 {
        let (review, entry) = (&few.reviews[n % 3], &few.entries[n % 3]);
        let path = format!("plan-{n:03}");
        let own = Review {
            path: path.clone(),
            ..review.clone()
        };
        batch.reviews.push(own);
        let mut entry = entry.clone();
        entry.path = path;
        batch.entries.push(entry);
    }
    let stems: Vec<String> = (0..500).map(|n| format!("p{n}")).collect();
    let pages = html::pages(&batch, &stems);
    let index = &pages.first().expect("an index").text;
    assert!(index.len() < 2_500_000, "{}", index.len());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), index).expect("it can be written");
    let browser = Browser::open();
    browser.look(1280, "light");
    browser.go(&folder.path().join("index.html"));
    let opened = browser.js("performance.getEntriesByType('navigation')[0].loadEventEnd");
    // From the click until the browser has laid the page out anew.
    let sort = |what: &str| {
        browser.js(&format!(
            "(() => {{ const begun = performance.now(); {what}; document.body.getBoundingClientRect(); return performance.now() - begun; }})()"
        ))
    };
    let by_count = sort("document.querySelector('#submissions th:nth-child(6) button').click()");
    let by_name = sort("document.querySelector('#matrix th button').click()");
    let filtered = sort(
        "const i = document.getElementById('by-name'); i.value = 'plan-1'; i.dispatchEvent(new Event('input'))",
    );
    println!(
        "index of 500: {} bytes, opens in {opened} ms, sorts in {by_count} and {by_name} ms, filters in {filtered} ms",
        index.len()
    );
    // A tenth of this on a machine that does nothing else.
    for (what, wait) in [("sort", by_count), ("sort", by_name), ("filter", filtered)] {
        assert!(wait.as_f64() < Some(3000.0), "{what}: {wait} ms");
    }
    assert!(opened.as_f64() < Some(15_000.0), "{opened} ms");
}

#[test]
fn pages_print_on_letter_paper() {
    let folder = written(&reviewed(false));
    let browser = Browser::open();
    for page in ["index.html", "p1.html"] {
        browser.go(&folder.path().join(page));
        let asked = json!({"preferCSSPageSize": true, "printBackground": false});
        let printed = browser.cdp("Page.printToPDF", &asked);
        let pdf = unpacked(printed["data"].as_str().expect("a document"));
        assert!(pdf.starts_with("%PDF-"), "{page}");
        assert!(pdf.contains("[0 0 612 792]"), "{page}: not on Letter");
        assert!(!pdf.contains("[0 0 595"), "{page}");
    }
    // What is unfolded by hand on a screen is there on paper, with room to write.
    browser.go(&folder.path().join("p1.html"));
    browser.cdp("Emulation.setEmulatedMedia", &json!({"media": "print"}));
    let room = browser.js("[...document.querySelectorAll('.write')].filter(w => w.getBoundingClientRect().height > 20).length");
    assert!(room.as_i64() > Some(3), "{room}");
}

/// What a text in base 64 stands for, bytes beyond ASCII as other characters.
fn unpacked(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let digit = DIGITS.iter().position(|d| *d == c).expect("base 64");
        held = (held << 6 | u32::try_from(digit).expect("a digit")) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let byte = u8::try_from(held >> bits & 0xff).expect("a byte");
            out.push(char::from(byte));
        }
    }
    out
}

#[test]
fn hostile_texts_are_shown_as_texts() {
    let pack = set_aside();
    let plan = "applicant = \"=cmd|'/c calc'!A1\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let plan = submission(
        &pack,
        plan,
        "line_id,area,amount,pupils\n<script>document.title='run'</script>,reading,-1.00,\n",
    );
    let options = Options {
        draws_rows: true,
        ..Options::default()
    };
    let batch = Reviewer::new(&pack, options).review_all(&[()], |()| vec![plan.clone()]);
    let folder = written(&batch);
    let browser = Browser::open();
    for page in ["index.html", "p0.html"] {
        browser.go(&folder.path().join(page));
        let text = browser.text("document.body.textContent");
        assert!(text.contains("=cmd|'/c calc'!A1"), "{page}: {text}");
        assert_ne!(browser.text("document.title"), "run", "{page}");
    }
    let text = browser.text("document.body.textContent");
    assert!(
        text.contains("<script>document.title='run'</script>"),
        "{text}"
    );
}

#[test]
fn a_copy_for_the_public_holds_no_working_papers() {
    let batch = reviewed(true);
    let words: Vec<String> = shipped("alliance").steps.to_vec();
    for review in &batch.reviews {
        assert!(review.is_checked() && review.recommendation.is_none());
        let of_reviewers = review
            .findings
            .iter()
            .filter(|f| f.audience == Audience::Reviewer);
        assert_eq!(of_reviewers.count(), 0, "{}", review.path);
    }
    let stems: Vec<String> = (0..batch.reviews.len()).map(|n| format!("p{n}")).collect();
    for page in html::pages(&batch, &stems) {
        for words in &words {
            assert!(
                !page.text.contains(words.as_str()),
                "{}: {words}",
                page.name
            );
        }
        assert!(!page.text.contains("could not be checked"), "{}", page.name);
    }
}
