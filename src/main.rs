use accordant::*;
fn main(){
    let schema = schema::Schema::default();
    let sub = submission::Submission::empty(&schema, "", |_| String::new());
    let world = expr::World::default();
    for line in std::io::stdin().lines() {
        let text: String = serde_json::from_str(&line.unwrap()).unwrap();
        match expr::check(&text, &expr::Scope::new(&schema, &[])) {
            Ok((e,_)) => println!("{}", value::feel(&expr::evaluate(&e,&schema,&world,&sub)).replace('\n',"\\n")),
            Err(f) => println!("ERR {} | {}", f[0].message, f[0].help),
        }
    }
}
