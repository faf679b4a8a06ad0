// The stylesheet of the dashboard, behind the tokens that it shares with the connect pages.

enum DashboardStyle {
    /// Tokens that only the dashboard uses.
    static let tokens = """
        :root{--ok-soft:#e2f3e8;--bad-soft:#fce9e7;--wait:#36528f;--wait-soft:#e7edf9;--wait-mark:#4c6cb3}
        @media(prefers-color-scheme:dark){:root{--ok-soft:#122f20;--bad-soft:#3a1816;--wait:#a9c0f7;--wait-soft:#1a2542;\
        --wait-mark:#7b98e0}}

        """

    static let rules = """
        *,*::before,*::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:5rem}
        body{margin:0;background:var(--bg);color:var(--ink);font:.875rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,\
        "Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
        h1,h2,p,ul,ol,dl,dd,figure,pre{margin:0;padding:0}ul,ol{list-style:none}
        h1{font-size:1.75rem;line-height:1.25;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
        h2{font-size:1rem;line-height:1.35;font-weight:650}
        a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:1px}a:hover{text-decoration-thickness:2px}
        svg{display:block;flex:none}
        .i{width:1rem;height:1rem;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
        :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:.375rem}[tabindex="-1"]:focus{outline:none}
        [hidden]{display:none!important}
        .vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .skip{position:absolute;left:1rem;top:-4rem;background:var(--surface);padding:.5rem 1rem;border-radius:.625rem;z-index:9}
        .skip:focus{top:.5rem}
        .mono,code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.92em}
        .soft{color:var(--ink2)}.small{font-size:.8125rem}
        .line{display:flex;gap:.5rem .75rem;align-items:center;flex-wrap:wrap}.apart{justify-content:space-between}
        .btn{display:inline-flex;align-items:center;justify-content:center;gap:.5rem;min-height:2.25rem;padding:.375rem .875rem;\
        border:1px solid var(--edge);border-radius:.625rem;background:var(--surface);color:var(--ink);font:inherit;font-weight:600;\
        line-height:1.25;text-decoration:none;text-align:center;cursor:pointer}
        .btn:hover{background:var(--sunken)}
        .btn-main{background:var(--fill);border-color:var(--fill);color:var(--on-fill)}
        .btn-main:hover{background:var(--fill-hover);border-color:var(--fill-hover)}
        .btn-bad{color:var(--bad);border-color:var(--bad-mark)}.btn-bad:hover{background:var(--bad-soft)}
        .btn-text{border-color:transparent;background:none;color:var(--accent)}
        .btn-s{min-height:1.875rem;padding:.1875rem .625rem;font-size:.8125rem}
        .st{display:inline-flex;align-items:center;gap:.375rem;font-size:.8125rem;font-weight:600}
        .st .i{width:.9375rem;height:.9375rem}.pill{padding:.125rem .5625rem .125rem .4375rem;border-radius:99px}
        .ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}.wait{color:var(--wait)}.off{color:var(--ink3)}
        .pill.ok{background:var(--ok-soft)}.pill.warn{background:var(--warn-soft)}.pill.bad{background:var(--bad-soft)}
        .pill.wait{background:var(--wait-soft)}.pill.off{background:var(--sunken);color:var(--ink2)}
        .tag{display:inline-block;padding:.0625rem .4375rem;border-radius:.375rem;background:var(--sunken);color:var(--ink2);\
        font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.75rem}
        .tile{width:2.5rem;height:2.5rem;border-radius:22%}.tile text{fill:#fff;font:600 34px system-ui,sans-serif;text-anchor:middle}
        .tile-s{width:1.75rem;height:1.75rem}
        .bar{position:sticky;top:0;z-index:5;background:var(--surface);border-bottom:1px solid var(--line)}
        .bar>div{display:flex;align-items:center;gap:.5rem 1.5rem;max-width:80rem;margin:auto;padding:0 1.5rem;min-height:3.5rem}
        .brand{display:flex;align-items:center;gap:.625rem;font-weight:650;color:inherit;text-decoration:none}
        .nav{display:flex;gap:.25rem;flex:1}
        .nav a{display:flex;align-items:center;min-height:2rem;padding:0 .75rem;border-radius:.375rem;color:var(--ink2);\
        font-weight:500;text-decoration:none;white-space:nowrap}
        .nav a:hover{background:var(--sunken);color:var(--ink)}
        .nav a[aria-current]{background:var(--accent-soft);color:var(--accent);font-weight:600}
        .live{display:inline-flex;align-items:center;gap:.4375rem;font-size:.8125rem;color:var(--ink2)}
        .live::before{content:"";width:.5rem;height:.5rem;border-radius:50%;background:var(--ok-mark)}
        .live[data-state=again]::before,.live[data-state=off]::before{background:var(--warn-mark)}
        .page{max-width:80rem;margin:auto;padding:2rem 1.5rem 4rem}
        .head{display:flex;flex-wrap:wrap;gap:.75rem 1rem;align-items:center;justify-content:space-between;margin-bottom:1.5rem}
        .head>div:first-child{min-width:0;flex:1 1 18rem}.crumb{margin-bottom:.75rem}
        .title{display:flex;gap:.75rem;align-items:center;min-width:0}.title>div{min-width:0}
        .card{background:var(--surface);border:1px solid var(--line);border-radius:.625rem;min-width:0}
        .card>header{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center;justify-content:space-between;\
        padding:.625rem 1rem;border-bottom:1px solid var(--line);min-height:3.125rem}
        .card>.in{padding:1rem}.card>footer{padding:.625rem 1rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--ink2)}
        .cols{display:grid;gap:1rem;align-items:start}.cols+.cols,.card+.card,.card+.cols,.cols+.card{margin-top:1rem}
        .cols>.card+.card,.cols>.cols{margin-top:0}
        @media(min-width:62rem){.c2{grid-template-columns:repeat(2,minmax(0,1fr))}.c21{grid-template-columns:minmax(0,1fr) 22rem}}
        .rows>li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.125rem 1rem;align-items:center;padding:.75rem 1rem}
        .rows>li+li{border-top:1px solid var(--line)}.rows p{font-size:.8125rem;color:var(--ink2)}.rows b{font-weight:600}.rows p.line{margin-top:.375rem}
        .ic{display:flex;gap:.75rem;align-items:center;min-width:0}.ic>div{min-width:0}
        .edge-bad{border-top:3px solid var(--bad-mark)}.edge-warn{border-top:3px solid var(--warn-mark)}
        .edge-wait{border-top:3px solid var(--wait-mark)}.edge-ok{border-top:3px solid var(--ok-mark)}.edge-off{border-top:3px solid var(--edge)}
        .say{margin-top:1rem;font-size:1.125rem;line-height:1.4;font-weight:600;text-wrap:pretty}.say+p{margin-top:.25rem;color:var(--ink2)}
        table{width:100%;border-collapse:collapse}
        th{padding:.5rem 1rem;text-align:left;font-size:.8125rem;font-weight:500;color:var(--ink3);border-bottom:1px solid var(--line)}
        td{padding:.6875rem 1rem;vertical-align:middle;border-bottom:1px solid var(--line)}tbody tr:last-child td{border-bottom:0}
        th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}tbody tr:hover td{background:var(--sunken)}
        tbody tr.sel td{background:var(--accent-soft)}
        td,th{overflow-wrap:break-word}td .mono,td.mono,td code{overflow-wrap:anywhere}
        td small{display:block;font-size:.8125rem;color:var(--ink2)}
        td a{font-weight:600;color:inherit;text-decoration-color:var(--edge)}td a:hover{color:var(--accent)}
        .kv{display:grid;grid-template-columns:minmax(6rem,auto) minmax(0,1fr);gap:.4375rem 1rem}.kv dt{color:var(--ink3)}
        .tabs{display:flex;gap:.25rem;margin:1.5rem 0 1rem;border-bottom:1px solid var(--line);overflow-x:auto}
        .tabs a{display:flex;align-items:center;gap:.375rem;min-height:2.5rem;padding:0 .75rem;color:var(--ink2);font-weight:500;\
        text-decoration:none;white-space:nowrap;border-bottom:2px solid transparent}
        .tabs a[aria-current]{color:var(--ink);font-weight:600;border-color:var(--accent)}.tabs a:focus-visible{outline-offset:-2px}
        .count{padding:0 .375rem;border-radius:99px;background:var(--warn-soft);font-size:.75rem;color:var(--warn)}
        .filter{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;padding:.75rem 1rem 1rem;border-bottom:1px solid var(--line)}
        .filter label{font-size:.8125rem;font-weight:500;color:var(--ink2);flex:1 1 9rem;min-width:0}.filter label.wide{flex:3 1 14rem}
        .input,select{display:block;width:100%;min-height:2.25rem;margin-top:.25rem;padding:.3125rem .625rem;\
        border:1px solid var(--edge);border-radius:.625rem;background:var(--surface);color:var(--ink);font:inherit}
        .chart svg{width:100%;height:7.5rem}.chart .a{fill:var(--fill)}.chart .b{fill:var(--bad-mark)}
        .chart .g{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
        .axis{display:flex;justify-content:space-between;margin-top:.375rem;font-size:.75rem;color:var(--ink3)}
        .key{display:inline-flex;align-items:center;gap:.375rem;font-size:.8125rem;color:var(--ink2)}
        .key::before{content:"";width:.625rem;height:.625rem;border-radius:2px;background:var(--fill)}.key.b::before{background:var(--bad-mark)}
        details>summary{cursor:pointer;color:var(--accent);padding:.25rem 0;width:fit-content}
        pre{padding:.75rem 1rem;background:var(--sunken);border-radius:.625rem;overflow-x:auto;font-size:.8125rem;line-height:1.6;\
        overflow-wrap:normal;max-width:100%}
        .empty{padding:3rem 1.5rem;text-align:center}.empty p{max-width:30rem;margin:.5rem auto 0;color:var(--ink2)}.empty .btn{margin-top:1rem}
        .callout{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.75rem;padding:.75rem 1rem;border-radius:.625rem;\
        margin-bottom:1rem}.callout .i{margin-top:.1875rem}.callout p{color:var(--ink)}
        .callout.ok{background:var(--ok-soft)}.callout.bad{background:var(--bad-soft)}.callout.warn{background:var(--warn-soft)}
        .narrow{max-width:36rem;margin:auto}.narrow .card .in :is(h1,p)+p{margin-top:.5rem}.acts{margin-top:1.5rem}
        .sheet{width:min(100% - 2rem,29rem);margin:3rem auto;background:var(--surface);border:1px solid var(--line);\
        border-radius:1.125rem;padding:2rem;box-shadow:var(--shadow);font-size:1rem}
        .sheet h1{font-size:1.375rem;margin-top:1rem}.sheet .lead{margin-top:.5rem;color:var(--ink2)}
        .field{margin-top:1.5rem}.field label{font-weight:600}.field .help{font-size:.8125rem;color:var(--ink2)}
        .field .input{min-height:2.75rem;margin-top:.5rem}.field.wrong{padding-left:1rem;border-left:4px solid var(--bad-mark)}
        .err{margin-top:.25rem;font-size:.875rem;font-weight:600;color:var(--bad)}
        .summary{margin:1.5rem 0;padding:1rem;border:2px solid var(--bad-mark);border-radius:.625rem}.summary h2{margin:0 0 .25rem}
        .summary a{color:var(--bad);font-weight:600}.sheet .btn-main{width:100%;min-height:2.875rem;margin-top:1.5rem;font-size:1rem}
        .sheet details{margin-top:1rem;font-size:.875rem}.sheet pre{margin:.5rem 0}
        @media(max-width:62rem){.m{display:none}}
        @media(max-width:48rem){.bar>div{flex-wrap:wrap;padding:.625rem 1rem 0}.brand{flex:1}
        .nav{order:9;flex:1 0 100%;margin:0 -1rem;padding:0 .75rem .5rem;overflow-x:auto}.page{padding:1.5rem 1rem 3rem}
        h1{font-size:1.375rem}}
        @media(max-width:40rem){.tabs{gap:0}.tabs a{padding:0 .5rem}.s{display:none}td,th{padding-left:.75rem;padding-right:.75rem}
        .head>.line{flex:1 1 100%}.head>.line>*{flex:1 1 auto}.head form .btn{width:100%}}
        @media(max-width:26rem){body:has(>.sheet){background:var(--surface)}.sheet{margin:0;width:100%;border:0;box-shadow:none;border-radius:0;padding:1.5rem 1.25rem}}
        @media(prefers-reduced-motion:no-preference){.live[data-state=on]::before{animation:pulse 2.4s ease-in-out infinite}}
        @keyframes pulse{50%{opacity:.35}}
        @media(forced-colors:active){.nav a[aria-current],.tabs a[aria-current]{outline:1px solid}}

        """
}
