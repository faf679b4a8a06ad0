// The script of the dashboard: times as the reader's clock shows them, focus, and the live dot. No page needs it to work.

enum DashboardScript {
    /// An event does not move what is read: a link offers to show the page again.
    static let page = """
        (function(){"use strict";
        var first=document.querySelector("[data-focus]");if(first)first.focus();
        [].forEach.call(document.querySelectorAll("time[data-full]"),function(t){var d=new Date(t.dateTime);
        if(!isNaN(d)){t.title=d.toLocaleString();if(t.dataset.full==="1")t.textContent=d.toLocaleString([],{dateStyle:"medium",timeStyle:"short"})}});
        var dot=document.getElementById("live");if(!dot||!window.EventSource)return;
        var fresh=document.getElementById("newer"),about=document.body.dataset.about||"",timer=0;
        function say(state,text){dot.hidden=false;dot.dataset.state=state;dot.textContent=text}
        var source=new EventSource("/dashboard/events");
        function changed(event){if(!fresh)return;if(about&&event.data&&event.type!=="reset"){try{
        if(JSON.parse(event.data).data.connectionId!==about)return}catch(e){}}fresh.hidden=false}
        source.onopen=function(){clearTimeout(timer);timer=0;say("on",dot.dataset.on)};
        source.onerror=function(){if(source.readyState===2){say("off",dot.dataset.off);return}
        if(!timer)timer=setTimeout(function(){say("again",dot.dataset.again)},5000)};
        dot.dataset.kinds.split(" ").concat("reset").forEach(function(kind){source.addEventListener(kind,changed)});
        })();
        """
}
