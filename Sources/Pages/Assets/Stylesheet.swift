// The stylesheet of the connect pages. Colours are tokens, for light and for dark; the branding may replace three of them.

import Primitives

package enum Stylesheet {
    /// The stylesheet with the application's colours.
    static func text(_ colors: BrandColors) -> String {
        tokens(colors) + rules
    }

    /// The tokens with the application's colours, for other pages of the host.
    package static func tokens(_ branding: Branding) -> String { tokens(branding.colors) }

    private static func tokens(_ colors: BrandColors) -> String {
        tokens + colors.light.map { ":root{\($0)}" }.joinedText
            + colors.dark.map { "@media(prefers-color-scheme:dark){:root{\($0)}}" }.joinedText
    }

    private static let tokens = """
        :root{color-scheme:light dark;--bg:#f4f6f7;--surface:#fff;--sunken:#eff3f5;--line:#dbe2e6;--edge:#7f8c96;\
        --ink:#13202a;--ink2:#43525e;--ink3:#596873;--accent:#0f5c73;--accent-soft:#e1eff3;--fill:#0f5c73;\
        --fill-hover:#0a4759;--on-fill:#fff;--ok:#17663a;--ok-mark:#23834d;--warn:#7f4d00;--warn-soft:#fcefd6;\
        --warn-mark:#b36b00;--bad:#a8201a;--bad-mark:#c9352d;\
        --shadow:0 1px 2px rgb(19 32 42/.05),0 12px 32px -12px rgb(19 32 42/.12)}
        @media(prefers-color-scheme:dark){:root{--bg:#0d1317;--surface:#141c22;--sunken:#0f161b;--line:#26333c;\
        --edge:#73838f;--ink:#e9eff3;--ink2:#b7c4cd;--ink3:#94a4af;--accent:#74c8df;--accent-soft:#12303a;\
        --fill:#1b7a94;--fill-hover:#156479;--on-fill:#fff;--ok:#7ad6a0;--ok-mark:#4db97c;--warn:#f2bd6a;\
        --warn-soft:#34260c;--warn-mark:#d99a34;--bad:#ff9a91;--bad-mark:#f0655b;\
        --shadow:0 1px 2px rgb(0 0 0/.4),0 16px 40px -16px rgb(0 0 0/.7)}}

        """

    private static let rules = """
        *,*::before,*::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;min-height:100vh;min-height:100dvh;display:grid;grid-template-rows:1fr auto;padding:1.5rem 1rem 0;\
        background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",\
        Arial,sans-serif;overflow-wrap:anywhere}
        h1,h2,p,ul,dl,dd,fieldset{margin:0;padding:0}
        ul{list-style:none}fieldset{border:0;min-width:0}
        h1{font-size:1.375rem;line-height:1.25;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
        h2{margin:1.5rem 0 .5rem;font-size:1rem;line-height:1.35;font-weight:650}
        a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:1px}
        a:hover{text-decoration-thickness:2px}
        svg{display:block;flex:none}
        code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.92em}
        :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:.375rem}
        [tabindex="-1"]:focus{outline:none}
        [hidden]{display:none!important}
        .i{width:1rem;height:1rem;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
        .vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .sheet{width:min(100%,29rem);margin:auto;padding:2rem;background:var(--surface);border:1px solid var(--line);\
        border-radius:1.125rem;box-shadow:var(--shadow)}
        .lead{margin-top:.5rem;color:var(--ink2)}.small{font-size:.8125rem;color:var(--ink2)}
        .app{display:flex;align-items:center;gap:.75rem;margin-bottom:1rem;font-size:.8125rem;color:var(--ink2)}
        .back{display:inline-flex;align-items:center;gap:.25rem;min-height:2.75rem;margin:-1rem 0 .25rem -.25rem;\
        padding-right:.5rem;font-size:.875rem;text-decoration:none}
        .back:hover{text-decoration:underline}
        .tile{width:2.5rem;height:2.5rem;border-radius:22%;display:block;flex:none;object-fit:contain}
        .tile text{fill:#fff;font:600 34px system-ui,sans-serif;text-anchor:middle}
        .tile-s{width:1.75rem;height:1.75rem}.tile-l{width:3.25rem;height:3.25rem}
        .pair{display:flex;align-items:center;gap:.75rem;margin-bottom:1.5rem}
        .wire{width:4.5rem;height:1.75rem;color:var(--edge);overflow:visible}
        .wire line{stroke:currentColor;stroke-width:2;stroke-linecap:round}.wire .dots{stroke-dasharray:.5 7}
        .wire path{fill:none;stroke:var(--surface);stroke-width:2.25;stroke-linecap:round;stroke-linejoin:round}
        .wire circle{fill:currentColor}
        .wire.ok{color:var(--ok-mark)}.wire.bad{color:var(--bad-mark)}.wire.warn{color:var(--warn-mark)}
        .wire.go{color:var(--accent)}
        @media(prefers-reduced-motion:no-preference){.wire.go .dots{animation:run 1s linear infinite}}
        @keyframes run{to{stroke-dashoffset:-15}}
        .btn{display:flex;align-items:center;justify-content:center;width:100%;min-height:2.875rem;padding:.375rem .875rem;\
        border:1px solid var(--edge);border-radius:.625rem;background:var(--surface);color:var(--ink);\
        font-family:inherit;font-size:1rem;font-weight:600;line-height:1.25;text-decoration:none;text-align:center;\
        cursor:pointer}
        .btn:hover{background:var(--sunken)}
        .btn-main{background:var(--fill);border-color:var(--fill);color:var(--on-fill)}
        .btn-main:hover{background:var(--fill-hover);border-color:var(--fill-hover)}
        .btn-text{border-color:transparent;background:none;color:var(--accent)}
        .acts{display:flex;flex-direction:column;gap:.5rem;margin-top:1.5rem}
        .note{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--ink2)}
        .foot{padding:1.5rem 0;text-align:center;font-size:.8125rem;color:var(--ink3)}
        .search{margin-top:1rem}
        .choices{margin-top:1rem;border:1px solid var(--line);border-radius:.625rem;overflow:clip}
        .choices li+li{border-top:1px solid var(--line)}
        .choice{display:grid;grid-template-columns:auto minmax(0,1fr) auto;gap:.75rem;align-items:center;min-height:2.75rem;\
        padding:.75rem;color:inherit;text-decoration:none}
        a.choice:hover{background:var(--sunken)}a.choice:hover b{text-decoration:underline;text-underline-offset:.18em}
        .choice:focus-visible{outline-offset:-3px;border-radius:.625rem}
        .choice b,.option b,.grants b{display:block;font-weight:600}
        .choice small,.option small,.grants small{display:block;font-size:.8125rem;color:var(--ink2);line-height:1.4}
        .choice>.i{color:var(--ink3)}div.choice .tile{opacity:.5}div.choice b{color:var(--ink2);font-weight:500}
        .st{display:flex;gap:.375rem;margin-top:.125rem;font-size:.8125rem;font-weight:600;line-height:1.4}
        .st .i{width:.9375rem;height:.9375rem;margin-top:.125rem}
        .st.ok{color:var(--ok)}.st.warn{color:var(--warn)}
        .grants li{display:grid;grid-template-columns:1.25rem minmax(0,1fr);gap:.5rem;padding:.3125rem 0}
        .grants .i{margin-top:.25rem;color:var(--ink3)}.grants.yes .i{color:var(--accent)}.grants.no{color:var(--ink2)}
        .options{margin-top:1.5rem}
        .option{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.75rem;align-items:start;min-height:2.75rem;\
        padding:.75rem 1rem;border:1px solid var(--edge);border-radius:.625rem;cursor:pointer}
        .option+.option{margin-top:.5rem}
        .option:has(:checked){border-color:var(--accent);background:var(--accent-soft);box-shadow:inset 0 0 0 1px var(--accent)}
        .option:has(:focus-visible){outline:2px solid var(--accent);outline-offset:2px}
        .option input:focus-visible{outline:none}
        input[type=radio]{width:1.125rem;height:1.125rem;margin:.1875rem 0 0;accent-color:var(--accent)}
        .field{margin-top:1.5rem}.field label{display:block;font-weight:600}
        .help{margin-top:.125rem;font-size:.8125rem;color:var(--ink2)}
        .input{display:block;width:100%;min-height:2.75rem;margin-top:.5rem;padding:.5rem .75rem;border:1px solid var(--edge);\
        border-radius:.625rem;background:var(--surface);color:var(--ink);font:inherit}
        .input::placeholder{color:var(--ink3);opacity:1}
        .err{display:flex;gap:.375rem;margin-top:.5rem;font-size:.875rem;font-weight:600;color:var(--bad)}
        .err .i{margin-top:.1875rem}
        .wrong{padding-left:1rem;border-left:4px solid var(--bad-mark)}
        .wrong .input{border-color:var(--bad-mark);border-width:2px;padding:.4375rem .6875rem}
        .summary{margin-bottom:1.5rem;padding:1rem;border:2px solid var(--bad-mark);border-radius:.625rem}
        .summary h2{margin:0 0 .25rem}.summary a{color:var(--bad);font-weight:600}
        .left-out{margin-top:1rem;padding:.75rem 1rem;border-left:4px solid var(--warn-mark);background:var(--warn-soft);\
        border-radius:.375rem;font-size:.875rem}
        details{margin-top:1rem}
        details>summary{width:fit-content;padding:.625rem 0;cursor:pointer;color:var(--accent);font-size:.875rem}
        .kv{display:grid;grid-template-columns:minmax(6.5rem,auto) minmax(0,1fr);gap:.4375rem 1rem;font-size:.875rem}
        .kv dt{color:var(--ink3)}
        @media(max-width:30rem){body{background:var(--surface);padding:1.5rem 1.25rem 0;grid-template-rows:auto 1fr}
        .sheet{border:0;box-shadow:none;padding:0;margin:0 auto;border-radius:0}.foot{align-self:end}}

        """
}

extension Optional<String> {
    fileprivate var joinedText: String { self ?? "" }
}
