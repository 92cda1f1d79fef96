(* Pattern, path, and what is captured. tests/lib/site/pattern.test.ts reads this file too. *)
let all =
  [
    ("/a", "/a", ""); ("/a", "/a/", ""); ("/a/", "/a", ""); ("/a", "/b", "no"); ("/a", "/ab", "no"); ("/", "/", "");
    ("/*", "/", "splat="); ("/*", "/a/b", "splat=a/b"); ("/a/*", "/a", "splat="); ("/a/*", "/a/", "splat=");
    ("/a/*", "/a/b/", "splat=b/"); ("/a/*", "/ab", "no"); ("/a*", "/abc", "splat=bc"); ("/*.jpg", "/x/y.jpg", "splat=x/y");
    ("/*.jpg", "/x.jpgs", "no"); ("/a/*/b", "/a/x/y/b", "splat=x/y"); ("/a/*/b", "/a/b", "no"); ("/*/x/*", "/a/x/b/x/c", "splat=b/x/c");
    ("/:a", "/x", "a=x"); ("/:a", "/x/y", "no"); ("/:a", "/", "no"); ("/:a/:b", "/x/y/", "a=x b=y"); ("/:a/*", "/x/y/z", "a=x splat=y/z");
    ("/*/:b", "/x/y/z", "b=z splat=x/y"); ("/:a-b", "/:a-b", ""); ("/:a-b", "/x-b", "no"); ("/x:a", "/x:a", ""); ("/:1", "/:1", "");
    ("/%2A", "/*", ""); ("/%2A", "/x", "no"); ("/%3Aa", "/:a", ""); ("/gr%C3%BC%C3%9Fe", "/gr\195\188\195\159e", "");
    ("/%zz", "/x", "broken"); ("/a.c", "/abc", "no"); ("/A", "/a", "no");
  ]
