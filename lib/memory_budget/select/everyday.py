"""Words of everyday work on any project: what coding assistants are asked to do, and to what.

"Review the pull request", "rename the variable", "translate the texts": such a request is about no project in particular, and memory
matches it all the same. What a prompt tells beyond these words is what it is about (see `confidence`). The list was written by hand.
Words that tell next to nothing (under 0.8 by `text.thesaurus`) need not be in it. Left out, too, is what is as likely a subject of its
own: most names of tools, tables and queries, money, people.
"""

from __future__ import annotations

#: As index terms, so that a start need not make them.
EVERYDAY = frozenset(
    (
        "accept across add adjust alphabet alwai analys analyz anoth answer anyth append appli argument around arrai ascend "
        "assign async attribut author avail awai back backup bad basic behind besid better big binari bit black blank block blue "
        "bodi bold boolean bottom box branch brief bring broken browser bug build bullet bump button byte call callback capit "
        "case chang changelog charact checkout cherri clean clear cli click clone close codebas color colour command comment "
        "commit compar compil complet compon compress condit config configur conflict consol constant constructor contain content "
        "continu convert copi correct count cover coverag crash critic css csv current cut dai date dead debug declar default "
        "defin delet depend deprec describ diff differ directori displai div doc docstr doubl download draft drop dummi duplic "
        "easi edit editor either element els email empti enabl end endpoint english enough ensur entri enum environ equal error "
        "escap even everi everyth everywher exactli except execut exist exit expand explain explan export express extend extra "
        "extract fail failur fals far fast featur fetch field filenam filter final find first fix flag float folder follow font "
        "footer form format formatt forward french function german getter git github give global go good grai grammar green grei "
        "grep group guard guid half handl handler happen happi hard hash head header height hello help helper hide highlight "
        "histori hook hour hover html http icon identifi imag import improv increas indent index inlin input insert inspect "
        "instanc instead integ interfac invert issu item iter javascript join json keep kei keyword kind label lambda languag "
        "larg last latest layout leav left length less letter level licenc licens light like limit line link lint linter list "
        "littl load local locat log logic long look loop lot lower lowercas mai main major make mani manual map margin mark "
        "markdown master match math max mayb mean mention menu merg messag method middl min minifi minor minut miss mistak mock "
        "modal mode modul month move much multipl must navig nest never newlin next node note noth null number numer object old "
        "on open oper optim optimis option order otherwis output overflow pad page paragraph paramet parent pars parser part pass "
        "password past patch path per perform phrase pictur pixel place placehold plain plot point pointer polish port posit "
        "possibl post prefix prepar prettier previou print problem program project promis prompt proper properli properti pull "
        "punctuat push put python qualiti question quick quot random rang readabl readm realli rebas recent red redirect redund "
        "refactor refer reformat regex regress remain remot remov renam reorder repeat replac repo report repositori reproduc "
        "request reset resolv respons rest restor result reus revers revert review rewrit right root round rout rule run safe sai "
        "sampl save screen screenshot script search second section see select send sentenc server set setter setup sever shell "
        "short show sidebar signatur silent similar simpl simplifi singl size skip slow small snake snippet someon someth sometim "
        "sort sourc space spanish spell split squash stack stage standard start stash state statement static statu step stop "
        "string structur stub style stylesheet subject submit suffix suggest suit sum summar summari summaris sure switch symbol "
        "sync syntax tab tag take task team tell temp temporari termin text textual theme thing think throw tidi time timestamp "
        "titl todai todo togeth toggl tomorrow tooltip top total trace traceback trail translat tree tricki trim true try tupl "
        "turn twice two typescript typo ui undefin undo unifi unit unnecessari unneed unus updat upgrad upload upper uppercas url "
        "usag utf util uuid valu var variabl verifi version wai want warn web websit week well went whether white whitespac whole "
        "width window wip without word work wrap wrong xml yaml year yesterdai zero zip "
    ).split()
)
