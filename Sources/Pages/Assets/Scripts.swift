// The scripts: one for all connect pages, and connect.js for the application. No page needs one to work. Both are small enough to read.

enum Scripts {
    /// The script in every connect page: focus, search while typing, the return by itself, and the message to the opener.
    ///
    /// A consent page may cut the opener, so the tab itself remembers that it is a popup.
    static let page = """
        (function(){"use strict";
        var main=document.getElementById("main"),data=main.dataset,popup=false;
        try{if(window.opener)sessionStorage.setItem("connect-popup","1");popup=!!window.opener||sessionStorage.getItem("connect-popup")==="1"}catch(e){popup=!!window.opener}
        var first=document.querySelector("[data-focus]");if(first)first.focus();
        var box=document.getElementById("q");
        if(box){var rows=[].slice.call(document.querySelectorAll(".choices li"));box.addEventListener("input",function(){var t=box.value.trim().toLowerCase();rows.forEach(function(r){r.hidden=t!==""&&r.textContent.toLowerCase().indexOf(t)<0})})}
        function send(status){if(!window.opener||!data.origin)return;try{window.opener.postMessage({type:"integration-host",status:status,connectionId:data.connection||null,service:data.service||null},data.origin)}catch(e){}}
        [].forEach.call(document.querySelectorAll("[data-cancel]"),function(a){a.addEventListener("click",function(){send("denied")})});
        if(!data.status)return;
        send(data.status);
        var note=document.getElementById("note"),stay=document.getElementById("stay"),back=document.getElementById("return");
        if(data.status!=="connected"||!note)return;
        if(popup){note.hidden=false;note.textContent=data.closing;setTimeout(function(){window.close();setTimeout(function(){note.textContent=data.closed},300)},1000);return}
        if(!back||!data.waiting)return;
        note.hidden=false;note.textContent=data.waiting;stay.hidden=false;
        var timer=setTimeout(function(){location.assign(back.href)},5000);
        stay.addEventListener("click",function(){clearTimeout(timer);stay.hidden=true;note.hidden=true;back.focus()});
        })();
        """

    /// `connect.js`: `IntegrationHost.open(url)` opens a connect session in a popup, or in this window where popups are refused.
    ///
    /// A popup in which something failed stays open to be read; one that has come back to the application is closed.
    ///
    /// The promise is resolved by the popup's message or by the state of the session, whichever comes first. `closed` of the popup
    /// says nothing, because a consent page may cut the two windows apart.
    static let connect = """
        /* Opens a connect session: IntegrationHost.open(url).then(r => r.status, r.connectionId, r.service). */
        (function(w){"use strict";
        var ends={connected:1,denied:1,failed:1,revoked:1,expired:1};
        function open(url){return new Promise(function(resolve,reject){
        var address;try{address=new URL(url)}catch(e){reject(new TypeError("IntegrationHost.open needs the url of a connect session"));return}
        var host=address.origin,token=address.searchParams.get("session"),done=false,timer=0;
        var popup=w.open(url,"integration-host","popup,width=520,height=780");
        if(!popup){w.location.assign(url);return}
        function end(status,connectionId,service){if(done)return;done=true;clearTimeout(timer);w.removeEventListener("message",hear);
        tidy(status==="connected",40);
        resolve({status:status==="revoked"||status==="expired"?"failed":status,connectionId:connectionId||null,service:service||null})}
        function tidy(close,turns){try{if(close||popup.location.origin===w.location.origin){popup.close();return}}catch(e){}
        if(turns>0)setTimeout(tidy,250,false,turns-1)}
        function hear(event){var m=event.data;if(event.origin!==host||!m||m.type!=="integration-host")return;end(m.status,m.connectionId,m.service)}
        function ask(){fetch(host+"/connect/state?session="+encodeURIComponent(token),{credentials:"omit",cache:"no-store"}).then(function(r){return r.json()}).then(function(s){
        if(s&&ends[s.state])end(s.state,s.connectionId,s.service);else wait()},wait)}
        function wait(){if(!done)timer=setTimeout(ask,2000)}
        w.addEventListener("message",hear);wait()})}
        w.IntegrationHost=w.IntegrationHost||{};w.IntegrationHost.open=open;
        })(window);

        """
}
